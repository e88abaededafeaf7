"""A client with its author, and crowds of subscribers written straight into the tables."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime

import pytest
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from bot.audience import service as audience
from bot.audience.models import Client, Person, Subscription
from bot.crypto import keyring
from bot.ids import uuid7
from bot.messaging import service as messaging
from bot.messaging.models import ContactPoint

OWNER = "+15550109999"


@pytest.fixture
def pizza(session: Session, now: datetime) -> Client:
    """Pizza Palace, in English."""
    sender = messaging.sender_of(session, service_sid="MG" + "1" * 32, number="+15550100000", now=now)
    return audience.add_client(
        session, name="Pizza Palace", slug="pizza-palace", owner_number=OWNER, locale="en",
        time_zone="America/New_York", support_contact=None, sender_id=sender.id, now=now,
    )  # fmt: skip


@pytest.fixture
def author(session: Session, pizza: Client) -> ContactPoint:
    return session.scalars(select(ContactPoint).where(ContactPoint.last4 == OWNER[-4:])).one()


@pytest.fixture
def crowd(session: Session, pizza: Client) -> Callable[..., list[uuid.UUID]]:
    """Let so many people follow since a moment, in a language; returns their contact points."""
    met = 0

    def gathered(size: int, since: datetime, locale: str | None = None) -> list[uuid.UUID]:
        nonlocal met
        numbers = [f"+1555{7_000_000 + met + place}" for place in range(size)]
        met += size
        people, points = [[uuid7() for _ in numbers] for _ in range(2)]
        session.execute(
            insert(Person), [{"id": person, "locale": locale, "created_at": since} for person in people]
        )
        session.execute(
            insert(ContactPoint),
            [
                {
                    "id": point,
                    "person_id": person,
                    "channel": "sms",
                    "address": number,
                    "address_index": keyring().index(number),
                    "last4": number[-4:],
                    "created_at": since,
                }
                for point, person, number in zip(points, people, numbers, strict=True)
            ],
        )
        session.execute(
            insert(Subscription),
            [
                {"id": uuid7(), "person_id": person, "client_id": pizza.id, "joined_at": since}
                for person in people
            ],
        )
        return points

    return gathered
