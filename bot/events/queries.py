"""Reads of the outbox."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session, aliased

from bot.events.models import DEAD, RETRY, Event, Handling


@dataclass(frozen=True)
class Due:
    """An event that is next in line for its subject."""

    id: uuid.UUID
    type: str


@dataclass(frozen=True)
class DeadLetter:
    """An event that a consumer has given up."""

    event_id: uuid.UUID
    type: str
    consumer: str
    error: str | None
    recorded_at: datetime


def due(
    session: Session, now: datetime, *, limit: int = 100, recorded_before: datetime | None = None
) -> list[Due]:
    """The events to be handled now: of each subject the first undispatched, unless it waits for a retry.

    :param recorded_before: only those that have waited since before this moment.
    """
    earlier = aliased(Event)
    found = (
        select(Event.id, Event.type)
        .where(
            Event.dispatched_at.is_(None),
            ~exists().where(
                earlier.subject_type == Event.subject_type,
                earlier.subject_id == Event.subject_id,
                earlier.subject_sequence < Event.subject_sequence,
                earlier.dispatched_at.is_(None),
            ),
            ~exists().where(
                Handling.event_id == Event.id, Handling.status == RETRY, Handling.next_attempt_at > now
            ),
        )
        .order_by(Event.id)
        .limit(limit)
    )
    if recorded_before is not None:
        found = found.where(Event.recorded_at < recorded_before)
    return [Due(*row) for row in session.execute(found)]


def dead_letters(session: Session, *, limit: int = 100) -> list[DeadLetter]:
    """What consumers have given up, the newest first."""
    found = session.execute(
        select(Event.id, Event.type, Handling.consumer, Handling.error, Event.recorded_at)
        .join(Handling, Handling.event_id == Event.id)
        .where(Handling.status == DEAD)
        .order_by(Event.id.desc())
        .limit(limit)
    )
    return [DeadLetter(*row) for row in found]


@dataclass(frozen=True)
class Backlog:
    """The events that are not handled yet, since when the first of them, and how many were given up."""

    undispatched: int
    since: datetime | None
    dead: int


def backlog(session: Session) -> Backlog:
    """What waits in the outbox, by partial indexes of just that."""
    count, since = session.execute(
        select(func.count(), func.min(Event.recorded_at)).where(Event.dispatched_at.is_(None))
    ).one()
    dead = session.scalar(select(func.count()).select_from(Handling).where(Handling.status == DEAD)) or 0
    return Backlog(count, since, dead)
