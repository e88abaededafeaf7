"""What the audience looks after from rows alone."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from bot import db
from bot.audience import notices, queries


def untold_subscribers(session: Session, now: datetime) -> None:
    """Tell clients of those who joined within a minute of the last notice."""

    def tell_one(client_id: UUID) -> None:
        notices.tell_of_new_subscribers(session, client_id, now=now)

    db.one_by_one(session, queries.clients_with_untold_subscriptions(session), tell_one)
