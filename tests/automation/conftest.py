"""A client, and people who join it by text."""

from __future__ import annotations

from datetime import datetime

import pytest
from sqlalchemy.orm import Session

from bot.audience import service as audience
from bot.audience.models import Client
from bot.messaging import service as messaging


@pytest.fixture
def pizza(session: Session, now: datetime) -> Client:
    """Pizza Palace, in English."""
    sender = messaging.sender_of(session, service_sid="MG" + "1" * 32, number="+15550100000", now=now)
    return audience.add_client(
        session, name="Pizza Palace", slug="pizza-palace", owner_number="+15550109999", locale="en",
        time_zone="America/New_York", support_contact=None, sender_id=sender.id, now=now,
    )  # fmt: skip
