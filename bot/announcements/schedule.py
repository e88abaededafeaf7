"""Announcements for later: planned, started from their rows when they are due, or told to be missed."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot import i18n
from bot.announcements import report, service
from bot.announcements.models import Announcement
from bot.audience.models import Client
from bot.events import service as events
from bot.i18n import Text, _
from bot.messaging.models import ContactPoint

#: If the system was down, what was planned still goes out when it is no later than this; else not at all.
LATEST = timedelta(hours=1)

#: How far ahead something may be planned.
FARTHEST = timedelta(days=366)


class Impossible(ValueError):
    """Nothing can be planned for this moment.

    :param why: ``past``, ``too_far``, ``weekday``: its date is another day of the week than was said, or
        ``skipped``: clocks go forward over it.
    :param at: the moment; of a skipped one, the first that there is after it.
    """

    def __init__(self, why: str, at: datetime) -> None:
        super().__init__(f"{why}: {at}")
        self.why = why
        self.at = at


@dataclass(frozen=True)
class When:
    """A moment as somebody says it, not yet in any time zone: a day, and a time of it.

    :param days_ahead: 0 is today.
    :param weekday: 0 is Monday; beside a date, the weekday that the date is said to be.
    :param year: with a month and a day; None is the next such day.
    """

    hour: int
    minute: int = 0
    days_ahead: int | None = None
    weekday: int | None = None
    year: int | None = None
    month: int | None = None
    day: int | None = None


def resolve(when: When, zone: str, *, now: datetime) -> datetime:
    """The moment that somebody in a time zone means, in UTC. Of a time that comes twice, the first.

    :raises Impossible: its weekday is wrong, it is past, over a year ahead, or clocks go forward over it.
    """
    here = now.astimezone(ZoneInfo(zone))
    at = _local(when, here)
    found = at.astimezone(UTC)
    if when.weekday not in {None, at.weekday()}:
        raise Impossible("weekday", found)
    if found.astimezone(ZoneInfo(zone)).replace(tzinfo=None) != at.replace(tzinfo=None):
        raise Impossible("skipped", found)
    if found <= now:
        raise Impossible("past", found)
    if found - now > FARTHEST:
        raise Impossible("too_far", found)
    return found


def plan(session: Session, announcement_id: uuid.UUID, at: datetime) -> None:
    """Let a draft be for later."""
    session.get_one(Announcement, announcement_id).scheduled_for = at


def planned_for(session: Session, announcement_id: uuid.UUID) -> datetime:
    """The moment that a draft is for."""
    at = session.get_one(Announcement, announcement_id).scheduled_for
    assert at is not None
    return at


def stand(session: Session, announcement_id: uuid.UUID, by: ContactPoint, *, now: datetime) -> bool:
    """Let a planned draft go out when it is due; False when it is no draft any more, or expired."""
    announcement = _locked(session, announcement_id)
    if announcement.status != "draft" or announcement.expires_at <= now:
        return False
    announcement.status = "scheduled"
    _record(session, "announcement.scheduled", announcement, f"person:{by.person_id}", now=now)
    return True


def drop(session: Session, announcement_id: uuid.UUID, by: ContactPoint, *, now: datetime) -> bool:
    """Never send what was planned; False when it has begun, or was dropped before."""
    announcement = _locked(session, announcement_id)
    if announcement.status != "scheduled":
        return False
    announcement.status = "discarded"
    _record(session, "announcement.unscheduled", announcement, f"person:{by.person_id}", now=now)
    return True


def planned(session: Session, client_ids: Iterable[uuid.UUID]) -> Sequence[Announcement]:
    """What these clients have planned, the next first."""
    return session.scalars(
        select(Announcement)
        .where(Announcement.client_id.in_(client_ids), Announcement.status == "scheduled")
        .order_by(Announcement.scheduled_for, Announcement.id)
    ).all()


def due(session: Session, now: datetime) -> Sequence[uuid.UUID]:
    """What is to be started now."""
    return session.scalars(
        select(Announcement.id)
        .where(Announcement.status == "scheduled", Announcement.scheduled_for <= now)
        .order_by(Announcement.scheduled_for, Announcement.id)
    ).all()


def start(session: Session, announcement_id: uuid.UUID, *, now: datetime) -> None:
    """Send what is due to everybody who follows now, or tell its author why not. Twice is once."""
    announcement = _locked(session, announcement_id)
    at = announcement.scheduled_for
    if announcement.status != "scheduled" or at is None or at > now:
        return
    client = session.get_one(Client, announcement.client_id)
    if client.status != "active":
        _miss(session, announcement, client, SUSPENDED, now=now)
    elif now - at > LATEST:
        _miss(session, announcement, client, TOO_LATE, now=now)
    else:
        announcement.status, announcement.confirmed_at = "confirmed", now
        session.flush()
        service.begin(session, client, announcement_id, actor="system", now=now)


SUSPENDED = _("{client} is suspended, so what was planned for {moment} was not sent.")
TOO_LATE = _(
    "{client}: what was planned for {moment} was not sent, because our system was down. "
    "If it still matters, text it again."
)


def _miss(session: Session, announcement: Announcement, client: Client, why: Text, *, now: datetime) -> None:
    announcement.status = "missed"
    _record(session, "announcement.missed", announcement, "system", now=now)
    at = announcement.scheduled_for
    assert at is not None
    report.tell_author(
        session,
        announcement,
        ("announcement_missed", announcement.id),
        lambda name, locale: i18n.render(
            why, locale, client=name, moment=i18n.moment(at, client.time_zone, locale)
        ),
        now=now,
    )


def _local(when: When, here: datetime) -> datetime:
    """The next such moment by the clock here."""
    clock = time(when.hour, when.minute)
    if when.days_ahead is not None:
        day = here.date() + timedelta(days=when.days_ahead)
    elif when.month is not None:
        assert when.day is not None
        day = _date(when.year or here.year, when.month, when.day)
        if when.year is None and (day, clock) <= (here.date(), here.time()):
            day = _date(here.year + 1, when.month, when.day)
    else:
        assert when.weekday is not None
        day = here.date() + timedelta(days=(when.weekday - here.weekday()) % 7)
        if day == here.date() and clock <= here.time():
            day += timedelta(days=7)
    return datetime.combine(day, clock, here.tzinfo)


def _date(year: int, month: int, day: int) -> date:
    """A date; of 29 February in another year, the day after the 28th."""
    try:
        return date(year, month, day)
    except ValueError:
        return date(year, month + 1, 1)


def _locked(session: Session, announcement_id: uuid.UUID) -> Announcement:
    return session.scalars(
        select(Announcement)
        .where(Announcement.id == announcement_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()


def _record(session: Session, kind: str, announcement: Announcement, actor: str, *, now: datetime) -> None:
    events.record(
        session,
        type=kind,
        subject_type="announcement",
        subject_id=announcement.id,
        client_id=announcement.client_id,
        actor=actor,
        now=now,
    )
