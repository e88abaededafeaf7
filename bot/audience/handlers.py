"""What the audience does when something has happened."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy.orm import Session

from bot.audience import notices, service
from bot.audience.service import Evidence
from bot.events.handlers import handles
from bot.events.models import Event
from bot.messaging.models import ContactPoint, Sender


@handles("audience.subscribed", consumer="audience.tell_members")
def tell_members(session: Session, event: Event, now: datetime) -> None:
    """Tell the client of its new subscriber."""
    assert event.client_id is not None
    notices.tell_of_new_subscribers(session, event.client_id, now=now)


@handles("messaging.opted_out", consumer="audience.consent")
def record_opt_out(session: Session, event: Event, now: datetime) -> None:  # noqa: ARG001
    """Append an opt-out that only the carrier has heard to the ledger of consent."""
    service.record_consent(
        session,
        session.get_one(ContactPoint, event.subject_id),
        Evidence(source=event.payload["source"], at=event.occurred_at),
        action="opt_out",
        sender=session.get_one(Sender, uuid.UUID(event.payload["sender_id"])),
    )
