"""Segment budgets: how many billed pieces each text may take in each language.

``locales/segments.toml`` holds the budgets, and the sample values that stand in for placeholders: plausible
ones on the long side. What is measured is the longest form of a text, with numbers of every plural form.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

from babel.messages.catalog import Message

from bot.catalogs.extraction import extract
from bot.i18n import (
    CATALOGS,
    LOCALES,
    Text,
    duration,
    enumeration,
    first_word,
    language_name,
    listed,
    moment,
    moment_in_full,
    money,
    number,
    render,
)
from bot.messaging.segments import Measure, measure

TABLE = CATALOGS / "SEGMENTS.md"

#: One number at least for every plural form of every language we write, and a large one.
COUNTS = (0, 1, 2, 3, 11, 100, 12_345)

#: A Wednesday in September, at 22:30 in New York.
A_MOMENT = datetime(2026, 9, 24, 2, 30, tzinfo=UTC)

PREFACE = """\
# Segments per text and language

Twilio bills a text by segments: 160 characters alone and 153 chained in GSM-7, 70 and 67 in UCS-2 (u).
Each cell says how many a text takes with sample values, and its budget from `segments.toml`.
`python -m bot.catalogs update` writes this file; a test holds it, and the budgets.

"""


@dataclass(frozen=True)
class Cell:
    """What one text takes in one language, and its budget; None when it has none yet."""

    measured: Measure
    budget: int | None

    @property
    def held(self) -> bool:
        """Whether the text is within its budget."""
        return self.budget is not None and self.measured.segments <= self.budget

    def __str__(self) -> str:
        unicode = "u" if self.measured.encoding == "UCS-2" else ""
        return f"{self.measured.segments}/{'–' if self.budget is None else self.budget}{unicode}"


@cache
def settings() -> dict[str, Any]:
    """What ``locales/segments.toml`` says: the samples and the budgets."""
    return tomllib.loads((CATALOGS / "segments.toml").read_text(encoding="utf-8"))


def cells() -> dict[str, dict[str, Cell]]:
    """Every text, by its English singular, with its cell for every locale."""
    budgets = settings()["budgets"]
    return {
        text.singular: {
            locale: Cell(_longest(text, locale), budgets.get(text.singular, {}).get(locale))
            for locale in LOCALES
        }
        for text in texts()
    }


def texts() -> Iterator[Text]:
    """Everything that people read, in the order of the code."""
    for message in extract("messages"):
        if message.id:
            yield _text(message)


def table() -> str:
    """The cells as a Markdown table: a row for each text, a column for each locale."""
    rows = [["text", *LOCALES], ["---"] * (len(LOCALES) + 1)]
    for singular, by_locale in cells().items():
        rows.append([_on_one_line(singular), *(str(by_locale[locale]) for locale in LOCALES)])
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def page() -> str:
    """The text of ``locales/SEGMENTS.md``."""
    return PREFACE + table()


def excesses() -> Iterator[str]:
    """Texts without a budget, or over it, and budgets without a text, a sentence each."""
    found = cells()
    for singular, by_locale in found.items():
        for locale, cell in by_locale.items():
            if not cell.held:
                yield (
                    f"{_on_one_line(singular)!r} takes {cell.measured.segments} segments in {locale}; "
                    f"its budget in locales/segments.toml is {cell.budget}."
                )
    for singular in settings()["budgets"]:
        if singular not in found:
            yield f"locales/segments.toml has a budget for {singular!r}, which nothing says any more."


def _longest(text: Text, locale: str) -> Measure:
    values = _samples(locale) | _samples_only_in(text, locale)
    counts = COUNTS if text.plural else COUNTS[-1:]
    measured = [measure(render(text, locale, **(values | {text.counting: count}))) for count in counts]
    return max(measured, key=lambda each: (each.segments, each.length))


@cache
def _samples(locale: str) -> dict[str, Any]:
    """A value for every placeholder, as the code would fill it in for this reader."""
    given = settings()["samples"]
    names = given["names"]
    texts = _texts_by_singular()
    people = [f"{language_name(each, locale)} {number(COUNTS[-1], locale)}" for each in LOCALES[:3]]
    outcomes = ("{count} delivered", "{count} failed", "{count} opted out")
    return {
        **given,
        "brand": names[0],
        "client": names[0],
        "clients": enumeration(names, locale),
        "code": "ES",
        "duration": duration(timedelta(days=60), locale),
        "cost": money(Decimal(given["cost"]), "USD", locale),
        "language": max((language_name(each, locale) for each in LOCALES), key=len),
        "languages": listed(
            (render(texts["{people} ({count} segment)"], locale, people=each, count=2) for each in people),
            locale,
        ),
        "moment": moment(A_MOMENT, "America/New_York", locale),
        "names": "\n".join(f"{place}. {name}" for place, name in enumerate(names, 1)),
        "offers": listed((f"{first_word('JOIN', locale)} {given['slug']}" for _ in names), locale),
        "people": people[0],
        "result": listed((render(texts[outcome], locale, count=COUNTS[-1]) for outcome in outcomes), locale),
        "text": given["text"][locale],
        "total": COUNTS[-1],
        "when": duration(timedelta(days=60), locale),
    }


def _samples_only_in(text: Text, locale: str) -> dict[str, str]:
    """What a placeholder stands for in this text only."""
    if text.singular.startswith("Reply LANG"):
        codes = (f"{each[:2].upper()} {language_name(each, each)}" for each in LOCALES)
        return {"names": listed(codes, locale)}
    if text.singular.startswith(("Planned for", "It goes out on", "The clocks go forward")):
        return {"moment": moment_in_full(A_MOMENT, "America/New_York", locale)}
    if text.singular.startswith("We don't write"):
        return {"names": listed((each[:2].upper() for each in LOCALES), locale)}
    if text.singular.startswith(("{client} has {count} subscriber", "{languages} (")):
        people = (f"{language_name(each, locale)} {number(COUNTS[-1], locale)}" for each in LOCALES[:3])
        return {"languages": listed(people, locale)}
    return {}


@cache
def _texts_by_singular() -> dict[str, Text]:
    return {text.singular: text for text in texts()}


def _text(message: Message) -> Text:
    if isinstance(message.id, str):
        return Text(message.id)
    singular, plural = message.id
    return Text(singular, plural)


def _on_one_line(text: str) -> str:
    return text.replace("\n", " ↵ ")
