"""A client and people, made by the domain's own verbs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from sqlalchemy.orm import Session

from bot.audience import service
from bot.audience.models import Client
from bot.audience.service import Evidence
from bot.messaging import service as messaging
from bot.messaging.models import ContactPoint, Sender

OWNER = "+15550109999"


@pytest.fixture
def sender(session: Session, now: datetime) -> Sender:
    return messaging.sender_of(session, service_sid="MG" + "1" * 32, number="+15550100000", now=now)


@pytest.fixture
def pizza(session: Session, sender: Sender, now: datetime) -> Client:
    """Pizza Palace, in English, with an owner."""
    return service.add_client(
        session, name="Pizza Palace", slug="pizza-palace", owner_number=OWNER, locale="en",
        time_zone="America/New_York", support_contact=None, sender_id=sender.id, now=now,
    )  # fmt: skip


@pytest.fixture
def join(session: Session) -> Callable[..., ContactPoint]:
    """Let the person of a number follow a client at a moment, in a language."""

    def joined(
        number: str, client: Client, at: datetime, locale: str | None = None, *, tell_client: bool = False
    ) -> ContactPoint:
        person = service.person_at(session, number, now=at)
        service.follow(session, person, client, Evidence("sms", at, "JOIN"), tell_client=tell_client)
        if locale:
            service.choose_locale(session, person.person_id, locale)
        return person

    return joined
