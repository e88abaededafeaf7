"""Pausing what is being sent, going on with it, and dropping the rest. None of these commits."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy.orm import Session

from bot.announcements import queries
from bot.announcements.models import Announcement
from bot.events import service as events
from bot.messaging import holds
from bot.messaging.models import ContactPoint


def pause(session: Session, client_ids: Iterable[uuid.UUID], by: ContactPoint, *, now: datetime) -> None:
    """Pause everything that these clients have under way.

    Nothing is counted, and the announcement is not locked: a fan-out may have it for a minute.
    """
    for announcement in queries.under_way(session, client_ids):
        if holds.hold(session, "announcement", announcement.id, now=now):
            _record(session, "announcement.paused", announcement, by, now=now)


def resume(session: Session, announcement: Announcement, by: ContactPoint, *, now: datetime) -> None:
    """Go on with a paused announcement. What is too late for its readers is skipped, and reported."""
    if holds.release(session, "announcement", announcement.id, now=now):
        _record(session, "announcement.resumed", announcement, by, now=now)


def drop(session: Session, announcement: Announcement, by: ContactPoint, *, now: datetime) -> None:
    """Never send the rest of a paused announcement; its report counts them."""
    if holds.drop(session, "announcement", announcement.id, now=now):
        _record(session, "announcement.cancelled", announcement, by, now=now)


def _record(
    session: Session, type_: str, announcement: Announcement, by: ContactPoint, *, now: datetime
) -> None:
    events.record(
        session,
        type=type_,
        subject_type="announcement",
        subject_id=announcement.id,
        client_id=announcement.client_id,
        actor=f"person:{by.person_id}",
        now=now,
    )
