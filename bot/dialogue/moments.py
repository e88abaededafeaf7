"""Moments as people text them: ``fri 9am``, ``mañana a las 18:00``, ``27 nov 9h30``, ``明天上午9点``.

A strict grammar: a day, then a time of it, then whatever else is said. Names of days and months are Babel's;
what is not in the grammar is not read, so that nothing is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache

from babel import Locale

from bot import i18n
from bot.announcements.schedule import When
from bot.dialogue.patterns import word

#: Words of days that are counted from today; marked for words.po.
RELATIVE = {"TODAY": 0, "TOMORROW": 1}
_MARKED = (word("TODAY"), word("TOMORROW"))

#: What may stand before a day, before a time, and within a date.
BEFORE_DAY = {"en": "on", "es": "el este", "fr": "le ce", "pt_BR": "na no nesta neste dia", "ar": "يوم في"}
BEFORE_TIME = {"en": "at @", "es": "a las la", "fr": "a", "pt_BR": "as a", "ar": "الساعة في على"}
WITHIN_DATE = {"en": "of", "es": "de del", "fr": "", "pt_BR": "de", "ar": ""}

#: Parts of the day besides Babel's AM and PM.
MORNING = {"zh_Hans": "早上 上午", "ar": "ص صباحا"}
AFTERNOON = {"zh_Hans": "下午 晚上", "ar": "م مساء"}


@dataclass(frozen=True)
class Said:
    """A moment, and the words after it."""

    when: When
    rest: str


def read(text: str, locales: Iterable[str]) -> Said | None:
    """Read a moment at the beginning of a text, by the first of these languages in which it is one.

    Only the first, which is the writer's own, says what is the month in 3/4.
    """
    for place, locale in enumerate(dict.fromkeys([*locales, i18n.ENGLISH])):
        reader = _Reader(text, locale, numbers=place == 0)
        found = _read_chinese(text) if locale == "zh_Hans" else reader.read()
        if found is not None:
            return found
    return None


class _Reader:
    """Reads a moment word by word, as one language writes it."""

    def __init__(self, text: str, locale: str, *, numbers: bool) -> None:
        found = list(re.finditer(r"\S+", text.replace("\u200f", " ")))[:14]
        self._words = [i18n.fold(each[0]) for each in found]
        self._ends = [each.end() for each in found]
        self._text = text
        self._locale = locale
        self._numbers = numbers
        self._place = 0

    def read(self) -> Said | None:
        self._pass_over(BEFORE_DAY)
        day = self._day()
        if day is None:
            return None
        self._pass_over(BEFORE_TIME)
        clock = self._clock()
        if clock is None:
            return None
        rest = self._text[self._ends[self._place - 1] :]
        return Said(When(*clock, **day), re.sub(r"^[\s,:;–—-]+", "", rest).strip())

    def _next(self, ahead: int = 0) -> str:
        place = self._place + ahead
        return self._words[place] if place < len(self._words) else ""

    def _pass_over(self, table: Mapping[str, str]) -> None:
        while self._next() and self._next() in table.get(self._locale, "").split():
            self._place += 1

    def _day(self) -> dict[str, int] | None:
        for english, ahead in RELATIVE.items():
            if self._next() in i18n.words(english, [self._locale]):
                self._place += 1
                return {"days_ahead": ahead}
        weekday = _weekdays(self._locale).get(self._next())
        if weekday is not None:
            self._place += 1
            self._pass_over(BEFORE_DAY)
            # "Friday 27 November": the date counts, and is checked against the weekday.
            return {"weekday": weekday} | (self._date() or {})
        return self._date()

    def _date(self) -> dict[str, int] | None:
        numbers = re.fullmatch(r"(\d{4})-(\d\d?)-(\d\d?)", self._next())
        if numbers:
            return self._dated(1, *map(int, numbers.groups()))
        numbers = re.fullmatch(r"(\d\d?)[/.](\d\d?)(?:[/.](\d{4}))?", self._next())
        # 9.30 is a time.
        if numbers and self._numbers and not (self._next().count(".") == 1 and numbers[3] is None):
            first, second = int(numbers[1]), int(numbers[2])
            month, day = (first, second) if _month_first(self._locale) else (second, first)
            return self._dated(1, int(numbers[3] or 0), month, day)
        return self._written_date()

    def _written_date(self) -> dict[str, int] | None:
        """``27 nov``, ``27 de noviembre de 2026``, ``Nov 27``."""
        start = self._place
        day: int | None
        month: int | None
        if self._locale == "en" and self._next() in _months("en"):
            month, day = _months("en")[self._next()], _ordinal(self._next(1))
            self._place += 2
        else:
            day = _ordinal(self._next())
            self._place += 1
            self._pass_over(WITHIN_DATE)
            month = _months(self._locale).get(self._next())
            self._place += 1
        if day is not None and month is not None:
            before_year = self._place
            self._pass_over(WITHIN_DATE)
            year = re.fullmatch(r"20\d\d", self._next())
            if year is None:
                self._place = before_year
            found = self._dated(1 if year else 0, int(year[0]) if year else 0, month, day)
            if found is not None:
                return found
        self._place = start
        return None

    def _dated(self, words: int, year: int, month: int, day: int) -> dict[str, int] | None:
        try:
            date(year or 2024, month, day)  # a leap year: 29 February may be the next one's
        except ValueError:
            return None
        self._place += words
        return {"month": month, "day": day} | ({"year": year} if year else {})

    def _clock(self) -> tuple[int, int] | None:
        found = re.fullmatch(r"(\d\d?)(?:[:.h](\d\d)|(h))?(?:hs?)?([^\W\d].*)?", self._next())
        if found is None:
            return None
        hour, minute = int(found[1]), int(found[2] or 0)
        half, words = self._half_of_day(found[4] or "")
        if found[4] and half is None:
            return None
        if half is None and found[2] is None and found[3] is None:
            return None  # "9" may as well be the first word of the text
        if half is not None:
            if not 1 <= hour <= 12:
                return None
            hour = hour % 12 + half
        if hour > 23 or minute > 59:
            return None
        self._place += 1 + words
        return hour, minute

    def _half_of_day(self, joined: str) -> tuple[int | None, int]:
        """0 for the morning and 12 after noon; and how many words after the number say so."""
        halves = _halves(self._locale)
        following = (joined, 0) if joined else (self._next(1), 1)
        for said, words in (following, (f"{self._next(1)} {self._next(2)}", 2)):
            if _plain(said) in halves and not (joined and words):
                return halves[_plain(said)], words
        return None, 0


def _plain(said: str) -> str:
    return re.sub(r"[.\s]", "", said)


def _ordinal(said: str) -> int | None:
    found = re.fullmatch(r"(\d\d?)(?:st|nd|rd|th|er|º)?", said)
    return int(found[1]) if found else None


def _names(table: Mapping[str, Mapping[str, Mapping[int, str]]]) -> dict[str, int]:
    """Every name that stands for one thing only, folded, without the dot of an abbreviation."""
    found: dict[str, set[int]] = {}
    for context in table.values():
        for width, names in context.items():
            for place, name in names.items() if width != "narrow" else ():
                folded = i18n.fold(name)
                for each in {folded, folded.removesuffix("-feira")}:
                    found.setdefault(each, set()).add(place)
    return {name: places.pop() for name, places in found.items() if len(places) == 1 and not name.isdigit()}


@cache
def _weekdays(locale: str) -> dict[str, int]:
    return _names(Locale.parse(locale).days)


@cache
def _months(locale: str) -> dict[str, int]:
    return _names(Locale.parse(locale).months)


@cache
def _month_first(locale: str) -> bool:
    pattern = Locale.parse(locale).date_formats["short"].pattern
    return bool(pattern.index("M") < pattern.index("d"))


@cache
def _halves(locale: str) -> dict[str, int]:
    found = {"am": 0, "pm": 12}
    for context in Locale.parse(locale).day_periods.values():
        for width, names in context.items():
            if width == "narrow":  # "9 a pizza" is no nine o'clock
                continue
            halves = {"am": 0, "pm": 12}
            found |= {_plain(i18n.fold(names[key])): halves[key] for key in halves.keys() & names.keys()}
    found |= dict.fromkeys(MORNING.get(locale, "").split(), 0)
    return found | dict.fromkeys(AFTERNOON.get(locale, "").split(), 12)


def _read_chinese(text: str) -> Said | None:
    """Chinese puts no spaces between words, so the whole moment is one pattern."""
    found = _chinese().match(text)
    if found is None:
        return None
    day: dict[str, int] = {}
    if found["relative"]:
        day["days_ahead"] = next(
            ahead for each, ahead in RELATIVE.items() if found["relative"] in i18n.words(each, ["zh_Hans"])
        )
    elif found["weekday"]:
        day["weekday"] = _weekdays("zh_Hans")[found["weekday"]]
    else:
        day = {"month": int(found["month"] or found["m"]), "day": int(found["day"] or found["d"])}
        if found["year"] or found["y"]:
            day["year"] = int(found["year"] or found["y"])
    half = _halves("zh_Hans").get(found["half"] or "")
    hour = int(found["hour"] or found["h"])
    minute = 30 if found["thirty"] else int(found["minute"] or found["min"] or 0)
    hour += 12 if half == 12 and hour < 12 else 0
    try:
        date(day.get("year", 2024), day.get("month", 1), day.get("day", 1))
    except ValueError:
        return None
    at_night = found["half"] == "晚上" and hour in {0, 12}  # of which day, nobody can tell
    if hour > 23 or minute > 59 or at_night or (half == 0 and hour > 12):
        return None
    return Said(When(hour, minute, **day), re.sub(r"^[\s,，:：;；]+", "", found["rest"]).strip())


@cache
def _chinese() -> re.Pattern[str]:
    said = (each for english in RELATIVE for each in i18n.words(english, ["zh_Hans"]))
    relative = "|".join(sorted(each for each in said if not each.isascii()))
    weekday = "|".join(sorted(_weekdays("zh_Hans"), key=len, reverse=True))
    half = "|".join(each for each in _halves("zh_Hans") if not each.isascii())
    return re.compile(
        rf"""\s*(?:(?P<relative>{relative}) | (?P<weekday>{weekday})
        | (?:(?P<year>\d{{4}})年)?(?P<month>\d\d?)月(?P<day>\d\d?)[日号]
        | (?:(?P<y>\d{{4}})[-/])?(?P<m>\d\d?)[-/](?P<d>\d\d?))
        \s* (?P<half>{half})? \s*
        (?:(?P<hour>\d\d?)[点點时](?:(?P<thirty>半)(?=\s|$|[，,：:])|(?P<minute>\d\d?)分?(?!\d))?
        | (?P<h>\d\d?)[:：](?P<min>\d\d)(?!\d))
        (?P<rest>.*)""",
        re.DOTALL | re.VERBOSE,
    )
