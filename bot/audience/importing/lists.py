"""A list, read in batches: those who could be texted, while the others go into the file of rejects."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from bot.audience.importing import newcomers
from bot.audience.importing.files import opened
from bot.audience.importing.newcomers import Newcomer, NotTaken
from bot.audience.importing.rejects import RejectsFile
from bot.audience.importing.rows import Rejected, Table

#: Rows in a batch, and so in a transaction: a fraction of a second, which whoever joins meanwhile may wait.
BATCH = 5_000


class SubscriberList:
    """A list that is being read.

    :ivar rows: how many rows were read, with those that were rejected.
    :ivar rejected: how many of them were.
    :ivar unknown_locales: languages that it names and we don't write, with how many rows.
    """

    def __init__(self, table: Table, file: BinaryIO, rejects: RejectsFile, region: str) -> None:
        self._table, self._file, self._region = table, file, region
        self.rejects = rejects
        self.columns, self.delimiter = table.columns, table.delimiter
        self.rows = self.rejected = 0
        self.unknown_locales: dict[str, int] = {}

    @property
    def position(self) -> int:
        """How many bytes of the file were read."""
        return self._file.tell()

    def batches(self) -> Iterator[list[Newcomer]]:
        """Up to :data:`BATCH` people at a time. A batch may be empty, where a stretch of rows is no good."""
        batch: list[Newcomer] = []
        for row in self._table:
            self.rows += 1
            try:
                if isinstance(row, Rejected):
                    self._reject(row)
                else:
                    newcomer = newcomers.read(row.line, row.cells, self.columns, self._region)
                    self._note(newcomer)
                    batch.append(newcomer)
            except NotTaken as error:
                self._reject(Rejected(row.line, row.cells, str(error)))
            if self.rows % BATCH == 0:
                yield batch
                batch = []
        if self.rows % BATCH:
            yield batch

    def _reject(self, rejected: Rejected) -> None:
        self.rejected += 1
        self.rejects.add(rejected)

    def _note(self, newcomer: Newcomer) -> None:
        unknown = newcomer.unknown_locale
        if unknown is not None and (unknown in self.unknown_locales or len(self.unknown_locales) < 100):
            self.unknown_locales[unknown] = self.unknown_locales.get(unknown, 0) + 1


@contextmanager
def open_list(path: Path, *, region: str) -> Iterator[SubscriberList]:
    """Open a list of numbers.

    :param region: whose the national numbers are (ISO 3166, ``US``).
    :raises UnreadableFile: it is empty, or a workbook.
    :raises UnusableHeader: the first line does not say which column is which.
    :raises OSError: it can't be read.
    """
    with opened(path) as (stream, file):
        table = Table(stream)
        with RejectsFile(path, table.columns.header) as rejects:
            yield SubscriberList(table, file, rejects, region)
