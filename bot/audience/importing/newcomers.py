"""From a row to somebody whom we could text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from bot import phones
from bot.audience.cells import unguarded
from bot.audience.importing.columns import Columns
from bot.i18n import fold, locale_named

#: A name stands in a text that costs money by its length.
LONGEST_NAME = 60

#: What a list may say of people who must not be brought back by it.
_OVER = frozenset(
    ("left", "opted out", "opted-out", "opt-out", "opt out", "unsubscribed", "stopped", "do not contact")
)
_JOINERS = "\u200c\u200d"  # Persian and Indic names are spelled with them


class NotTaken(ValueError):
    """This row can't be taken; the message says why."""


@dataclass(frozen=True)
class Newcomer:
    """Somebody in a list.

    :param number: E.164.
    :param locale: one that we write; None when the list names none.
    :param unknown_locale: what the list names instead.
    """

    line: int
    number: str
    locale: str | None = None
    name: str | None = None
    unknown_locale: str | None = None


def read(line: int, cells: Sequence[str], columns: Columns, region: str) -> Newcomer:
    """Read a row. National numbers are the region's (ISO 3166).

    A number only has to be possible. Whether it is a landline's is left to Twilio: for many countries nobody
    can tell by the number, and where it is one, the first text says so (30006) and it is texted no more.

    :raises NotTaken: there is no number, or none that can be one; or the list says that the person left.
    """
    status = _cell(cells, columns.status)
    if status and fold(status) in _OVER:
        raise NotTaken(f"the list says of this person: {status[:40]}")
    locale = _cell(cells, columns.locale)
    known = _locale(locale) if locale else None
    return Newcomer(
        line,
        number=_number(_cell(cells, columns.phone), region),
        locale=known,
        name=plain_name(_cell(cells, columns.name)),
        unknown_locale=locale[:40] if locale and known is None else None,
    )


def plain_name(cell: str) -> str | None:
    """A name on one line, without control characters, cut to :data:`LONGEST_NAME`; None for none."""
    if not (cell.isascii() and cell.isprintable()):
        cell = unicodedata.normalize("NFC", "".join(_character(each) for each in cell))
    return " ".join(cell.split())[:LONGEST_NAME].strip() or None


def _number(cell: str, region: str) -> str:
    cell = re.sub(r"\.0$", "", cell)  # a number that was taken for a decimal fraction
    if not cell:
        raise NotTaken("it has no phone number")
    if re.fullmatch(r"[\d.,]+[eE]\+?\d+", cell):
        raise NotTaken(
            f"a spreadsheet has shortened the number to {cell}: make the column text, and save again"
        )
    try:
        return phones.parse(cell[:60], region)
    except phones.InvalidNumber:
        raise NotTaken(f"{cell[:40]!r} is not a phone number") from None


def _cell(cells: Sequence[str], place: int | None) -> str:
    if place is None or place >= len(cells):
        return ""
    cell = cells[place].strip()
    if cell.startswith('="') and cell.endswith('"'):  # how some programs keep a spreadsheet from counting
        cell = cell[2:-1]
    return unguarded(cell).strip()


@lru_cache(maxsize=1000)
def _locale(cell: str) -> str | None:
    return locale_named(cell)


def _character(character: str) -> str:
    category = unicodedata.category(character)
    if category in {"Cc", "Cs", "Zl", "Zp"}:
        return " "
    return "" if category == "Cf" and character not in _JOINERS else character
