"""The rows of a list, one after the other, however broken some of them are."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TextIO

from bot.audience.importing import columns
from bot.audience.importing.columns import Columns, UnusableHeader
from bot.audience.importing.files import LONGEST_LINE, Lines, LineTooLong, NeverClosed

DELIMITERS = ",;\t"

TOO_LONG = f"the line is longer than {LONGEST_LINE:,} characters"
NEVER_CLOSED = 'a quotation mark (") that opens in this line is never closed'
MISPLACED = 'a quotation mark (") stands where none can'


@dataclass(frozen=True)
class Row:
    """A row, and the number of the line that it begins in."""

    line: int
    cells: list[str]


@dataclass(frozen=True)
class Rejected:
    """A row that can't be taken, and why."""

    line: int
    cells: list[str]
    reason: str


class Table:
    """A list whose header is read. Iterating gives what follows it: rows, and those that can't be read."""

    def __init__(self, stream: TextIO) -> None:
        """Read the header.

        :raises UnusableHeader: it does not say which column is which.
        """
        self._lines = Lines(stream)
        self.columns, self.delimiter = self._read_header()

    def __iter__(self) -> Iterator[Row | Rejected]:
        lines = self._lines
        reader = csv.reader(lines, delimiter=self.delimiter, strict=True)
        while True:
            lines.begin_row()
            line = lines.number + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except LineTooLong:
                yield Rejected(line, [], TOO_LONG)
            except (csv.Error, NeverClosed):
                # Without giving lines back, one stray quotation mark would swallow the rest of the list.
                reason = NEVER_CLOSED if len(lines.row) > 1 else MISPLACED
                lines.give_back_all_but_the_first()
                yield Rejected(line, _cut(lines.row[0]), reason)
            else:
                if not any(cell.strip() for cell in cells):
                    continue
                if self._swallowed(cells, over_lines=len(lines.row)):
                    lines.give_back_all_but_the_first()
                    yield Rejected(line, _cut(lines.row[0]), NEVER_CLOSED)
                elif any(cell.strip() for cell in cells[len(self.columns.header) :]):
                    there, expected = len(cells), len(self.columns.header)
                    yield Rejected(line, cells, f"it has {there} cells where the header has {expected}")
                else:
                    yield Row(line, cells)

    def _swallowed(self, cells: list[str], *, over_lines: int) -> bool:
        """Whether a row over several lines is rather several rows, between two stray quotation marks."""
        if over_lines == 1:
            return False
        if len(cells) != len(self.columns.header):
            return True
        ours = (self.columns.phone, self.columns.locale, self.columns.name, self.columns.status)
        mine = [cells[place] for place in ours if place is not None]
        return any(re.search(r"[\r\n]", cell) and self.delimiter in cell for cell in mine)

    def _read_header(self) -> tuple[Columns, str]:
        delimiters = DELIMITERS
        for line in self._until_too_long():
            named = re.fullmatch(r'"?sep=([,;\t])"?', line.strip("\r\n"))  # Excel's own first line
            if named:
                delimiters = named[1]
            elif line.strip():
                return self._columns_in(line, delimiters)
        raise UnusableHeader(
            "The list is empty: its first line must name the columns, like phone,locale,name."
        )

    def _columns_in(self, line: str, delimiters: str) -> tuple[Columns, str]:
        split = {each: next(csv.reader([line], delimiter=each)) for each in delimiters}
        delimiter = max(split, key=lambda each: len(split[each]))
        return columns.find(split[delimiter]), delimiter

    def _until_too_long(self) -> Iterator[str]:
        try:
            for line in self._lines:
                self._lines.begin_row()
                yield line
        except LineTooLong:
            raise UnusableHeader(f"The first line names no columns: {TOO_LONG}.") from None


def _cut(line: str) -> list[str]:
    return [line.rstrip("\r\n")[:500]]
