"""Languages: what people read and what people text, from ``locales/``.

``locales/<locale>/messages.po`` holds what people read, ``words.po`` what they text: a word's translation
may name several, separated by commas. Catalogs are read straight from the .po files: nothing to compile.
"""

from __future__ import annotations

import gettext
import io
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import (
    format_date,
    format_time,
    format_timedelta,
    get_timezone_gmt,
    get_timezone_location,
)
from babel.lists import format_list
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_currency, format_decimal

CATALOGS = Path(__file__).parent.parent / "locales"

#: The languages we write in. English is the last resort of every fallback.
LOCALES = ("en", "es", "fr", "pt_BR", "zh_Hans", "ar")
ENGLISH = "en"


@dataclass(frozen=True)
class Text:
    """A text to be said, not yet in any language. The parameter named ``counting`` chooses the plural."""

    singular: str
    plural: str | None = None
    counting: str = "count"


def _(text: str) -> Text:
    """Mark a text for the catalogs."""
    return Text(text)


def n_(singular: str, plural: str, counting: str = "count") -> Text:
    """Mark a text with a plural for the catalogs; the parameter ``counting`` chooses the form."""
    return Text(singular, plural, counting)


def render(text: Text, locale: str, /, **parameters: object) -> str:
    """Say a text in a locale. Whole numbers and amounts are written as that locale writes them."""
    catalog = _catalog(locale, "messages")
    if text.plural is None:
        template = catalog.gettext(text.singular)
    else:
        count = parameters[text.counting]
        assert isinstance(count, int)
        template = catalog.ngettext(text.singular, text.plural, count)
    return template.format(**{name: _localized(value, locale) for name, value in parameters.items()})


def _localized(value: object, locale: str) -> object:
    if isinstance(value, Text):
        return render(value, locale)
    if isinstance(value, int) and not isinstance(value, bool):
        return number(value, locale)
    return value


def money(amount: Decimal, currency: str, locale: str) -> str:
    """An amount as the locale writes it."""
    return _with_common_spaces(format_currency(amount, currency, locale=locale))


def _with_common_spaces(number: str) -> str:
    """A number with common spaces: GSM-7 has no other, and UCS-2 would more than double a text's price."""
    return re.sub(r"[\u00a0\u202f]", " ", number)


def number(value: int, locale: str) -> str:
    """A whole number as the locale writes it."""
    return _with_common_spaces(format_decimal(value, locale=locale))


def duration(length: timedelta, locale: str) -> str:
    """A length of time in the largest unit that fits it exactly: ``3 days``, ``90 minutes``."""
    unit: Literal["day", "hour", "minute"] = (
        "day" if not length % timedelta(days=1) else "hour" if not length % timedelta(hours=1) else "minute"
    )
    # No larger unit: ten days are not "1 week".
    return _with_common_spaces(format_timedelta(length, granularity=unit, threshold=10**9, locale=locale))


def moment(at: datetime, zone: str, locale: str) -> str:
    """A moment of the next days by the clock of a zone: ``Tue 8:00 AM``."""
    local = at.astimezone(ZoneInfo(zone))
    day, clock = format_date(local, "EEE", locale=locale), format_time(local, "short", locale=locale)
    return _with_common_spaces(f"{day} {clock}")


def moment_in_full(at: datetime, zone: str, locale: str) -> str:
    """A moment beyond doubt: ``Friday, November 27, 2026 9:00 AM (New York)``.

    In the hour that comes twice, the offset from UTC says which of the two it is.
    """
    local = at.astimezone(ZoneInfo(zone))
    where = get_timezone_location(ZoneInfo(zone), locale=locale, return_city=True)
    twice = local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()
    offset = f", {get_timezone_gmt(local, 'long', locale=locale)}" if twice else ""
    day, clock = format_date(local, "full", locale=locale), format_time(local, "short", locale=locale)
    return _with_common_spaces(f"{day} {clock} ({where}{offset})")


def listed(items: Iterable[str], locale: str) -> str:
    """``a, b, c`` with the locale's comma."""
    return render(_(", "), locale).join(items)


def first_word(english: str, locale: str) -> str:
    """The word of ours that a locale's texts name: ``JOIN`` → ``UNIRME``."""
    return _catalog(locale, "words").gettext(english).split(",")[0].strip()


def enumeration(items: Iterable[str], locale: str) -> str:
    """``a, b and c`` in the locale's manner."""
    return format_list(list(items), locale=locale)


def language_name(locale: str, reader: str) -> str:
    """A language's name as the reader calls it: ``es`` → "español", "Spanish", …"""
    language = Locale.parse(locale).language
    return str(Locale.parse(reader).languages[language])


def is_language(code: str) -> bool:
    """Whether there is a language of this two-letter code (ISO 639-1), whether we write it or not."""
    return code.lower() in Locale.parse(ENGLISH).languages


def locale_named(text: str) -> str | None:
    """The supported locale that a person means by ``es``, ``pt-BR``, ``Español``, "Spanish"; None if none.

    A country of which we know only the language gets that: ``es-MX`` is ``es``, ``pt-PT`` is ``pt_BR``.
    """
    name = fold(text).replace("-", "_")
    language = re.fullmatch(r"([a-z]{2})_[a-z]{2,4}", name)
    return _names().get(name) or (_names().get(language[1]) if language else None)


@cache
def _names() -> dict[str, str]:
    names: dict[str, str] = {}
    for locale in LOCALES:
        names[fold(locale)] = names[fold(locale.split("_")[0])] = locale
        for reader in LOCALES:
            names[fold(language_name(locale, reader))] = locale
    return names


def words(word: str, locales: Iterable[str]) -> frozenset[str]:
    """What people may text for ``word`` in these locales, folded; the English word always counts."""
    return _words(word, frozenset(locales))


@cache
def _words(word: str, locales: frozenset[str]) -> frozenset[str]:
    named = [_catalog(locale, "words").gettext(word) for locale in {*locales, ENGLISH}]
    return frozenset(fold(each) for names in named for each in names.split(","))


@cache
def every_word() -> frozenset[str]:
    """Every word of ours in every language, folded: nobody else can give it a meaning."""
    with (CATALOGS / ENGLISH / "words.po").open("rb") as source:
        ours = [str(message.id) for message in read_po(source) if message.id]
    return frozenset().union(*(words(each, LOCALES) for each in ours))


def fold(text: str) -> str:
    """A word as it is compared: without case, width, accents, or punctuation and spaces at its ends.

    "¡Únete!" and "unete" are the same word; so are "ＪＯＩＮ" and "join".
    """
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    plain = "".join(character for character in decomposed if not unicodedata.combining(character))
    return re.sub(r"\s+", " ", re.sub(r"^[\W_]+|[\W_]+$", "", plain))


@cache
def _catalog(locale: str, domain: str) -> gettext.GNUTranslations:
    path = CATALOGS / locale / f"{domain}.po"
    compiled = io.BytesIO()
    with path.open("rb") as source:
        write_mo(compiled, read_po(source, locale=locale, domain=domain))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
