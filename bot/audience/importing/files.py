"""Opening a list: UTF-8, UTF-16 or what Excel writes, and lines that can be given back."""

from __future__ import annotations

import codecs
import io
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TextIO

#: A line longer than this (in characters) is no row of a list; it is read past, never held as a whole.
LONGEST_LINE = 65_536
#: A row over more lines than this is a quotation mark that nobody closed.
MOST_LINES = 50

_SAMPLE = 4096
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


class UnreadableFile(ValueError):
    """This is no list in plain text; the message says how to make one."""


class LineTooLong(Exception):
    """The line that was asked for is longer than :data:`LONGEST_LINE`."""


class NeverClosed(Exception):
    """A row goes over more lines than a row can have."""


def _windows_1252(error: UnicodeError) -> tuple[str, int]:
    """Read as Windows-1252 what is not UTF-8: byte by byte, since lists are pasted together from both."""
    assert isinstance(error, UnicodeDecodeError)
    odd = error.object[error.start : error.end]
    return odd.decode("cp1252", errors="replace"), error.end


codecs.register_error("nudges.windows_1252", _windows_1252)


@contextmanager
def opened(path: Path) -> Iterator[tuple[TextIO, BinaryIO]]:
    """A list as text, whatever its encoding, and the file below it, whose ``tell()`` says how far we are.

    :raises UnreadableFile: it is empty, or a workbook.
    :raises OSError: it can't be opened.
    """
    with path.open("rb") as file:
        sample = file.read(_SAMPLE)
        if not sample.strip():
            raise UnreadableFile(f"{path} is empty.")
        if sample.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
            raise UnreadableFile(f"{path} is a workbook: save it as CSV (UTF-8) and import that.")
        encoding, mark = _encoding_of(sample)
        file.seek(mark)
        on_error = "nudges.windows_1252" if encoding == "utf-8" else "replace"
        with io.TextIOWrapper(file, encoding=encoding, errors=on_error, newline="") as stream:
            yield stream, file


def _encoding_of(sample: bytes) -> tuple[str, int]:
    """The encoding of a file that begins so, and how long its byte order mark is."""
    for mark, encoding in _MARKS:
        if sample.startswith(mark):
            return encoding, len(mark)
    half = len(sample) // 2
    # Delimiters, digits and line ends have a zero byte in UTF-16, in whatever language the names are.
    for zeros, others, encoding in ((1, 0, "utf-16-le"), (0, 1, "utf-16-be")):
        if sample[zeros::2].count(0) > half * 0.3 and sample[others::2].count(0) < half * 0.05:
            return encoding, 0
    return "utf-8", 0


class Lines:
    """The lines of a stream, with their numbers. Those of a row that went wrong can be given back.

    It stays usable after it has raised, as :func:`csv.reader` wants it.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._given_back: deque[str | None] = deque()
        self.number = 0  # of the line that was given last
        self.row: list[str] = []  # the lines given since begin_row()

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if len(self.row) == MOST_LINES:
            raise NeverClosed
        line = self._given_back.popleft() if self._given_back else self._read()
        if line is None and self.row:
            self._given_back.appendleft(line)
            raise NeverClosed
        self.number += 1
        if line is None:
            raise LineTooLong
        self.row.append(line)
        return line

    def begin_row(self) -> None:
        """What is given from here on belongs together."""
        self.row = []

    def give_back_all_but_the_first(self) -> None:
        """Let the lines of this row after its first be read again, as rows of their own."""
        swallowed = self.row[1:]
        self._given_back.extendleft(reversed(swallowed))
        self.number -= len(swallowed)

    def _read(self) -> str | None:
        """The next line; None for one that is too long, which is read past."""
        line = self._stream.readline(LONGEST_LINE)
        if not line:
            raise StopIteration
        if len(line) < LONGEST_LINE or line.endswith(("\n", "\r")):
            return line
        while line and not line.endswith(("\n", "\r")):
            line = self._stream.readline(LONGEST_LINE)
        return None
