"""What the audience looks after from rows alone."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.audience import notices
from bot.audience.models import Client, Subscription


def untold_subscribers(session: Session, now: datetime) -> None:
    """Tell clients of those who joined within a minute of the last notice."""
    waiting = session.scalars(
        select(Client.id)
        .join(Subscription, Subscription.client_id == Client.id)
        .where(
            Subscription.left_at.is_(None),
            Subscription.joined_at > func.coalesce(Client.subscribers_told_at, Client.created_at),
        )
        .distinct()
    )
    for client_id in waiting.all():
        notices.tell_of_new_subscribers(session, client_id, now=now)
