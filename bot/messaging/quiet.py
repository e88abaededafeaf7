"""Quiet hours: when a text may be sent to a place. Nothing here asks the clock or the database.

The rules are data, with their sources, in ``quiet_hours.toml``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

#: How long an announcement is worth sending, from when it may be sent; Twilio holds a text for ten hours at
#: most (ValidityPeriod).
USEFUL_FOR = timedelta(hours=10)

#: With less than this left until a window closes, a text waits for the next one: Twilio may need a while.
SHORTEST_REST = timedelta(minutes=5)

#: How far ahead windows are looked for. Whatever the weekday, a place has one within a week.
DAYS_AHEAD = 9

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class NoHourLeft(ValueError):
    """A client's own hours leave some recipients none at all; the message names where."""


@dataclass(frozen=True)
class Place:
    """Where somebody may be: time zones (several when we can't tell), and the region whose rules hold.

    :param region: ISO 3166-2, like ``US-FL``; or a country alone, or nothing.
    """

    zones: tuple[str, ...]
    region: str


@dataclass(frozen=True)
class Hours:
    """What a client brings along: the zone that stands in for an unknown one, and hours of its own."""

    zone: str
    opens: time | None = None
    closes: time | None = None

    def __str__(self) -> str:
        """As a chunk keeps it: ``America/New_York``, or ``America/New_York 09:00-19:00``."""
        if self.opens is None or self.closes is None:
            return self.zone
        return f"{self.zone} {self.opens:%H:%M}-{self.closes:%H:%M}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what :meth:`__str__` wrote."""
        zone, _, span = text.partition(" ")
        if not span:
            return cls(zone)
        opens, closes = map(time.fromisoformat, span.split("-"))
        return cls(zone, opens, closes)


@dataclass(frozen=True)
class Window:
    """From when and until when texts may be sent: the end is not part of it."""

    opens_at: datetime
    closes_at: datetime

    def is_open(self, now: datetime) -> bool:
        """Whether it has begun."""
        return self.opens_at <= now


def window(place: Place | None, hours: Hours, now: datetime) -> Window:
    """The window in which a text to a place may be sent, which is open now or the next to open.

    In it, it is a permitted time in every zone of the place. Zones that share none, and a place that nobody
    knows, give way to the client's zone.
    """
    stand_in = Place((hours.zone,), place.region if place else "")
    choices = (
        (place or stand_in, hours.opens, hours.closes),
        (stand_in, hours.opens, hours.closes),
        (stand_in, None, None),  # the law alone leaves some of every day
    )
    for where, opens, closes in choices:
        for found in _windows(where, opens, closes, now.astimezone(UTC).date()):
            if found.closes_at - max(now, found.opens_at) >= SHORTEST_REST:
                return found
    raise AssertionError("The law leaves some of every day.")


def check(hours: Hours) -> None:
    """Refuse hours of a client that leave people somewhere no hour of any day.

    :raises NoHourLeft: naming the region.
    """
    for region in sorted({rule["region"] for rule in rules()["rule"]}):
        spans = [allowed(region, weekday, hours.opens, hours.closes) for weekday in range(7)]
        minutes = [_minutes(span[1]) - _minutes(span[0]) for span in spans if span is not None]
        if max(minutes, default=0) < 60:
            where = "anybody" if region == "*" else f"people in {region}"
            raise NoHourLeft(f"These hours would leave no hour in which {where} may be texted: widen them.")


def allowed(region: str, weekday: int, opens: time | None, closes: time | None) -> tuple[time, time] | None:
    """From when until when texts may be sent in a region on a weekday (0 is Monday), by the clock there.

    None when that is no time at all.
    """
    held = [
        rule
        for rule in rules()["rule"]
        if rule["region"] in {"*", region} and WEEKDAYS[weekday] in rule.get("days", WEEKDAYS)
    ]
    start = max([rule["opens"] for rule in held] + ([opens] if opens else []))
    end = min([rule["closes"] for rule in held] + ([closes] if closes else []))
    return (start, end) if start < end else None


@cache
def is_zone(name: str) -> bool:
    """Whether this machine's time zone data knows a zone; libphonenumber's may be newer."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return False
    return True


@cache
def rules() -> dict[str, Any]:
    """What ``quiet_hours.toml`` says."""
    return tomllib.loads(Path(__file__).with_name("quiet_hours.toml").read_text(encoding="utf-8"))


@lru_cache(maxsize=20_000)
def _windows(place: Place, opens: time | None, closes: time | None, around: date) -> tuple[Window, ...]:
    """The windows of a place from the day before ``around`` (in UTC) on, in their order."""
    shared = _days(place.zones[0], place.region, opens, closes, around)
    for zone in place.zones[1:]:
        shared = _overlap(shared, _days(zone, place.region, opens, closes, around))
    return tuple(shared)


def _days(zone: str, region: str, opens: time | None, closes: time | None, around: date) -> list[Window]:
    found = []
    for ahead in range(-2, DAYS_AHEAD + 1):
        day = around + timedelta(days=ahead)
        span = allowed(region, day.weekday(), opens, closes)
        if span is not None:
            start, end = (datetime.combine(day, at, ZoneInfo(zone)).astimezone(UTC) for at in span)
            found.append(Window(start, end))
    return found


def _overlap(one: Sequence[Window], other: Iterable[Window]) -> list[Window]:
    """What two lists of windows share."""
    pairs = (
        (max(left.opens_at, right.opens_at), min(left.closes_at, right.closes_at))
        for right in other
        for left in one
    )
    return sorted((Window(*pair) for pair in pairs if pair[0] < pair[1]), key=lambda each: each.opens_at)


def _minutes(at: time) -> int:
    return at.hour * 60 + at.minute
