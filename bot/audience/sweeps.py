"""What the audience looks after from rows alone."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from bot.audience import notices, queries


def untold_subscribers(session: Session, now: datetime) -> None:
    """Tell clients of those who joined within a minute of the last notice."""
    for client_id in queries.clients_with_untold_subscriptions(session):
        notices.tell_of_new_subscribers(session, client_id, now=now)
