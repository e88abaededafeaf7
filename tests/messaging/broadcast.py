"""A broadcast to make in a test: people with numbers, a rendering, and messages for them in chunks."""

from __future__ import annotations

import uuid
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import insert, select

from bot import db, tables
from bot.announcements import service as announcements
from bot.audience import service as audience
from bot.audience.models import Person
from bot.audience.service import Evidence
from bot.config import settings
from bot.ids import idempotency_key, uuid7
from bot.jobs import BULK
from bot.messaging import service, texts
from bot.messaging.models import Chunk, ContactPoint, Message, MessageHistory, Sender
from bot.messaging.queries import Ledger, ledger
from bot.messaging.statuses import PENDING, RANK

assert tables.metadata  # foreign keys name tables of every domain

BODY = "Pizza Palace: half price tonight! Reply STOP to opt out."


def number(position: int) -> str:
    """The number of the person at a position."""
    return f"+1555020{position:04d}"


@dataclass(frozen=True)
class Broadcast:
    """One source of messages, as rows; every look at it is a fresh transaction."""

    source_id: uuid.UUID
    sender_id: uuid.UUID
    chunks: list[uuid.UUID]

    @property
    def ledger(self) -> Ledger:
        with db.transaction() as session:
            return ledger(session, "announcement", self.source_id)

    def message(self, position: int) -> Message:
        """The message to the person at a position."""
        with db.transaction() as session:
            return session.scalars(
                select(Message).where(Message.source_id == self.source_id, Message.position == position)
            ).one()

    def contact_point(self, position: int) -> ContactPoint:
        with db.transaction() as session:
            return session.get_one(ContactPoint, self.message(position).contact_point_id)

    def chunk(self, index: int = 0) -> Chunk:
        with db.transaction() as session:
            return session.get_one(Chunk, self.chunks[index])

    def history(self, position: int) -> list[tuple[str, str]]:
        """Status and source of every step of a message."""
        with db.transaction() as session:
            steps = session.execute(
                select(MessageHistory.status, MessageHistory.source)
                .where(MessageHistory.message_id == self.message(position).id)
                .order_by(MessageHistory.id)
            )
            return [(status, source) for status, source in steps]

    def numbers_that_are(self, status: str) -> set[str]:
        """The numbers of those whose message has this status."""
        with db.transaction() as session:
            positions = session.scalars(
                select(Message.position).where(Message.source_id == self.source_id, Message.status == status)
            )
            return {number(position) for position in positions}

    def sent_again(self) -> Counter[uuid.UUID]:
        """How often each message has gone out again, by what is on record."""
        with db.transaction() as session:
            again = session.scalars(
                select(MessageHistory.message_id)
                .join(Message, Message.id == MessageHistory.message_id)
                .where(
                    Message.source_id == self.source_id,
                    MessageHistory.status == PENDING,
                    MessageHistory.source != "send",
                )
            )
            return Counter(again)

    def statuses(self) -> Counter[str]:
        with db.transaction() as session:
            return Counter(session.scalars(select(Message.status).where(Message.source_id == self.source_id)))


def create(
    people: int,
    *,
    now: datetime,
    chunk_size: int = 100,
    lane: str = BULK,
    expires_at: datetime | None = None,
    first: int = 0,
    client_id: uuid.UUID | None = None,
) -> Broadcast:
    """Commit a broadcast to ``people`` people, from position ``first`` on; people met before are kept."""
    source_id = uuid7()
    with db.transaction() as session:
        service.add_sender(session, provider_id=settings().twilio_messaging_service_sid, now=now)
        sender_id = session.scalars(select(Sender.id)).one()
        rendering_id = texts.freeze_rendering(
            session, source_type="announcement", source_id=source_id, locale="en", text=BODY
        )
        # In order: ids made within one millisecond are in none, and which chunk is taken first must not vary.
        chunks = sorted(uuid7() for _ in range(0, people, chunk_size))
        common = {
            "source_type": "announcement",
            "source_id": source_id,
            "sender_id": sender_id,
            "client_id": client_id,
        }
        session.execute(
            insert(Chunk),
            [common | {"id": each, "lane": lane, "not_before": now, "created_at": now} for each in chunks],
        )
        rows: list[dict[str, Any]] = [
            common
            | {
                "id": uuid7(),
                "channel": "sms",
                "purpose": "announcement",
                "contact_point_id": (contact_point_id := _contact_point(session, first + index, now)),
                "rendering_id": rendering_id,
                "idempotency_key": idempotency_key("announcement", source_id, contact_point_id),
                "chunk_id": chunks[index // chunk_size],
                "position": first + index,
                "status": PENDING,
                "rank": RANK[PENDING],
                "expires_at": expires_at,
                "attempts": 0,
                "created_at": now,
                "updated_at": now,
            }
            for index in range(people)
        ]
        session.execute(insert(Message), rows)
    return Broadcast(source_id, sender_id, chunks)


def confirmed(people: int, *, now: datetime) -> Broadcast:
    """Commit an announcement that was confirmed a moment ago, and for which nothing else has happened yet."""
    with db.transaction() as session:
        sender = service.sender_of(
            session, service_sid=settings().twilio_messaging_service_sid, number="+15550100000", now=now
        )
        client = audience.add_client(
            session, name="Pizza Palace", slug="pizza-palace", owner_number="+15550109999", locale="en",
            time_zone="UTC", support_contact=None, sender_id=sender.id, now=now,
        )  # fmt: skip
        for position in range(people):
            person = audience.person_at(session, number(position), now=now)
            audience.follow(session, person, client, Evidence("operator", now), tell_client=False)
        author = service.find_contact_point(session, "+15550109999")
        assert author is not None
        source_id = announcements.draft(session, client, author, "Half-price pizza", now=now)
        announcements.confirm(session, client, source_id, author, now=now + timedelta(milliseconds=1))
    return Broadcast(source_id, sender.id, [])


def _contact_point(session: Any, position: int, now: datetime) -> uuid.UUID:
    known = service.find_contact_point(session, number(position))
    if known is None:
        person = Person(id=uuid7(), created_at=now)
        session.add(person)
        session.flush()
        service.add_contact_point(session, person_id=person.id, number=number(position), now=now)
        known = service.find_contact_point(session, number(position))
    assert known is not None
    return known.id


def clock() -> datetime:
    """The time as a job tells it."""
    return datetime.now(UTC)
