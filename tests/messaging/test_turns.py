"""Turns: everybody who sends at once gets on, however much the others send."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from sqlalchemy import insert, select, update

from bot import db
from bot.audience.models import Client
from bot.config import settings
from bot.ids import uuid7
from bot.jobs import BULK, EXPRESS
from bot.messaging import sending, service
from bot.messaging.models import Chunk, Sender
from bot.messaging.turns import Turns
from tests.messaging import broadcast
from tests.messaging.broadcast import clock, number


def client(name, now) -> uuid.UUID:
    """A business on the shared sender; returns its id."""
    with db.transaction() as session:
        service.add_sender(session, provider_id=settings().twilio_messaging_service_sid, now=now)
        sender_id = session.scalars(select(Sender.id)).one()
        row = {"id": uuid7(), "name": name, "slug": name, "status": "active", "locale": "en"}
        session.execute(insert(Client).values(**row, time_zone="UTC", sender_id=sender_id, created_at=now))
        return row["id"]


@pytest.fixture
def order(now):
    """Whose chunks are leased one after the other, until nobody has any; each stays leased."""

    def leased(lane=BULK):
        turns, found = Turns(lane, clock=lambda: now), []
        while (turn := turns.take()) is not None:
            found.append((turn.chunk.sender, turn.chunk.client_id))
        return found

    return leased


def test_a_small_broadcast_does_not_wait_behind_a_large_one(twilio, now):
    large, small = client("large", now), client("small", now)
    broadcast.create(600, now=now - timedelta(minutes=1), chunk_size=10, client_id=large)
    broadcast.create(10, now=now, first=600, client_id=small)
    sending.drain(BULK, clock=clock)
    called = [each["to"] for each in twilio.messages(direction="outbound-api")]
    assert len(called) == len(set(called)) == 610
    last = max(called.index(number(position)) for position in range(600, 610))
    assert last < 60, "it went with the first few chunks of the large one"


def test_clients_take_turns_chunk_by_chunk(database, now, order):
    large, small, none = client("large", now), client("small", now), None
    for client_id, chunks in ((large, 4), (small, 2), (none, 1)):
        broadcast.create(chunks, now=now, chunk_size=1, client_id=client_id)
    whose = [client_id for _sender, client_id in order()]
    assert whose == [none, large, small, large, small, large, large]


def test_senders_take_turns_whatever_their_clients_send(database, now, order):
    shared, own = "MG" + "1" * 32, "+15550100009"
    for client_id in (client("one", now), client("other", now)):
        broadcast.create(2, now=now, chunk_size=1, client_id=client_id)
    alone = broadcast.create(2, now=now, chunk_size=1)
    with db.transaction() as session:
        service.add_sender(session, provider_id=own, now=now)
        own_id = session.scalars(select(Sender.id).where(Sender.provider_id == own)).one()
        session.execute(update(Chunk).where(Chunk.source_id == alone.source_id).values(sender_id=own_id))
    assert [sender for sender, _client in order()] == [shared, own, shared, own, shared, shared]


def test_a_chunk_that_is_not_due_or_is_held_by_another_costs_its_client_nothing_but_its_turn(
    database, now, order
):
    waits, sends = client("waits", now), client("sends", now)
    broadcast.create(1, now=now + timedelta(seconds=1), client_id=waits)
    broadcast.create(2, now=now, chunk_size=1, client_id=sends)
    broadcast.create(1, now=now, client_id=sends, lane=EXPRESS)
    assert [client_id for _sender, client_id in order()] == [sends, sends]
    assert order() == [], "they are leased"
    assert [client_id for _sender, client_id in order(EXPRESS)] == [sends]
