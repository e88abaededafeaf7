"""What the audience does when something has happened."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from bot.audience import notices
from bot.events.handlers import handles
from bot.events.models import Event


@handles("audience.subscribed", consumer="audience.tell_members")
def tell_members(session: Session, event: Event, now: datetime) -> None:
    """Tell the client of its new subscriber."""
    assert event.client_id is not None
    notices.tell_of_new_subscribers(session, event.client_id, now=now)
