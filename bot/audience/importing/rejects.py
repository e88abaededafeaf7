"""The rows that could not be taken, in a file beside the list: its cells as they were, the line, and why."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import TextIO

from bot.audience.cells import guarded, unguarded
from bot.audience.importing.rows import Rejected


class RejectsFile:
    """``customers.rejected.csv`` for ``customers.csv``; not there as long as nothing is rejected.

    What an earlier import has left is kept: the next is ``customers.rejected-2.csv``. Without its first two
    columns it is a list again, so that it can be mended and imported.
    """

    def __init__(self, beside: Path, header: Sequence[str]) -> None:
        self._beside = beside
        self._header = header
        self._stack = ExitStack()
        self._file: TextIO | None = None
        self.path: Path | None = None

    def __enter__(self) -> RejectsFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def add(self, rejected: Rejected) -> None:
        """Write one row.

        :raises OSError: the folder can't be written to, or the disk is full.
        """
        if self._file is None:
            self._file = self._create()
            _write(self._file, ["line", "reason", *self._header])
        # What an export has guarded already must not be guarded twice.
        _write(self._file, [str(rejected.line), rejected.reason, *map(unguarded, rejected.cells)])

    def _create(self) -> TextIO:
        for number in count(1):
            ending = ".rejected.csv" if number == 1 else f".rejected-{number}.csv"
            self.path = self._beside.with_suffix(ending)
            try:
                # With a byte order mark, because it is a spreadsheet that people open it with.
                return self._stack.enter_context(self.path.open("x", encoding="utf-8-sig", newline=""))
            except FileExistsError:
                continue
        raise AssertionError("there is always a further number")


def _write(file: TextIO, cells: Sequence[str]) -> None:
    csv.writer(file).writerow(guarded(cell.replace("\0", "\ufffd")) for cell in cells)
