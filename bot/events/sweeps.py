"""What the outbox looks after from rows alone."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from bot import db
from bot.events import queries, service

#: A younger event has its job under way.
WAITED = timedelta(seconds=3)


def undispatched_events(session: Session, now: datetime) -> None:
    """Have events dispatched whose job was lost, or whose retry has come."""
    if queries.due(session, now, limit=1, recorded_before=now - WAITED):
        db.after_commit(session, service.wake_dispatcher)
