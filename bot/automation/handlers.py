"""What automation does when something has happened."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from bot.automation import queuing, series
from bot.events.handlers import handles
from bot.events.models import Event


@handles("audience.subscribed", consumer="automation.welcome")
def welcome(session: Session, event: Event, now: datetime) -> None:
    """Queue what a new subscriber gets at once; the sweep queues the rest in its time."""
    assert event.client_id is not None
    for step in series.in_force(session, event.client_id):
        if not step.delay:
            queuing.queue_due(session, step.id, now=now)
