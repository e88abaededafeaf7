"""What automation looks after from rows alone."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from bot import db
from bot.automation import queuing


def due_welcomes(session: Session, now: datetime) -> None:
    """Queue the steps of welcome series that are due, a batch of each."""

    def queue_one(step_id: UUID) -> None:
        queuing.queue_due(session, step_id, now=now)

    db.one_by_one(session, queuing.steps_due(session, now), queue_one)
