"""Throttle: a sender keeps to its rate, whichever processes send, and holds up nobody but itself."""

from __future__ import annotations

import time
from contextlib import ExitStack

import pytest
from sqlalchemy import select, update

from bot import db, jobs
from bot.config import settings
from bot.ids import uuid7
from bot.jobs import BULK, EXPRESS
from bot.messaging import chunks, drain, sending, service, throttle
from bot.messaging.models import Chunk, Message, Rendering, Sender
from tests.messaging import broadcast
from tests.messaging.broadcast import clock
from tests.messaging.test_crashes import process

CLOSED_PORT = 9


def limit(announced, rate) -> None:
    with db.transaction() as session:
        session.execute(
            update(Sender).where(Sender.id == announced.sender_id).values(segments_per_second=rate)
        )


def called_at(announced) -> list[float]:
    """When each call of a broadcast was marked, in seconds since the epoch, in order."""
    with db.transaction() as session:
        found = session.scalars(
            select(Message.calling_at).where(
                Message.source_id == announced.source_id, Message.calling_at.is_not(None)
            )
        )
        return sorted(each.timestamp() for each in found if each is not None)


@pytest.fixture
def short_shifts(monkeypatch):
    """Drains that end soon, however long their senders have to wait."""
    monkeypatch.setattr(drain, "SHIFT_SECONDS", 1.5)


def test_a_bucket_gives_what_has_come_in_and_no_more(database):
    sender_id, rate = uuid7(), 50
    given, begun = 0, time.monotonic()
    while given < 40:
        grant = throttle.take(sender_id, rate, lane=BULK)
        given += grant.segments
        assert grant.segments <= rate
        assert given <= rate * (time.monotonic() - begun) + 1, "Redis tells the time in milliseconds"
        time.sleep(grant.wait)


def test_what_was_not_used_is_put_back_and_what_was_used_beyond_is_taken(database):
    sender_id = uuid7()
    assert throttle.take(sender_id, 1000, lane=EXPRESS).segments == throttle.reserve(1000) == 50
    throttle.put_back(sender_id, 50)
    assert throttle.take(sender_id, 1000, lane=EXPRESS).segments >= 50
    throttle.put_back(sender_id, -1_000_000)
    grant = throttle.take(sender_id, 1000, lane=EXPRESS)
    assert grant.segments == 0
    assert grant.wait > 900


def test_a_broadcast_leaves_something_for_those_who_wait_for_a_code(database):
    sender_id, rate = uuid7(), 1
    while not throttle.take(sender_id, rate, lane=BULK).segments:
        time.sleep(0.05)
    assert throttle.take(sender_id, rate, lane=BULK).segments == 0
    assert throttle.take(sender_id, rate, lane=EXPRESS).segments == 1


def test_several_processes_keep_to_one_rate_even_when_redis_is_flushed(twilio, now):
    rate = 40
    announced = broadcast.create(100, now=now, chunk_size=25)
    limit(announced, rate)
    begun, flushed = time.time(), 2
    with ExitStack() as running:
        drains = [running.enter_context(process()) for _ in range(2)]
        for wanted in (30, 60):
            twilio.wait_for(lambda wanted=wanted: twilio.count() >= wanted)
            jobs.redis().flushdb()
        for each in drains:
            each.wait()
    assert announced.statuses() == {"accepted": 100}
    assert twilio.count(direction="outbound-api") == 100
    most = throttle.reserve(rate) * (1 + flushed)
    for place, at in enumerate(called_at(announced), start=1):
        assert place <= most + rate * (at - begun) + 1, f"the {place}th was called after {at - begun} s"


def test_a_slow_sender_holds_up_nobody_and_loses_no_lease(twilio, short_leases, short_shifts, now):
    slow = broadcast.create(50, now=now)
    limit(slow, 1)
    quick = broadcast.create(120, now=now, chunk_size=40, first=50)
    with db.transaction() as session:
        service.add_sender(session, provider_id="+15550100000", now=now)
        fast = session.scalars(select(Sender.id).where(Sender.provider_id == "+15550100000")).one()
        for table in (Chunk, Message):
            session.execute(update(table).where(table.source_id == quick.source_id).values(sender_id=fast))
    assert sending.drain(BULK, clock=clock) is True, "the slow one has more to send"
    assert quick.ledger.on_the_way == 120
    assert 1 <= slow.statuses()["accepted"] <= 3
    assert set(slow.statuses()) == {"accepted", "pending"}, "nothing is marked that has to wait"
    assert slow.chunk().lease_token is None


def test_a_slice_ends_with_the_text_that_uses_up_the_allowance(twilio, now):
    announced = broadcast.create(5, now=now)
    with db.transaction() as session:
        session.execute(update(Rendering).values(segments=3))
        leased = chunks.take(session, BULK, now=now)
        marked = chunks.mark(session, leased.lease, most=5, now=now, allowance=4)
    assert (len(marked.calls), marked.segments) == (2, 6)
    assert announced.statuses() == {"calling": 2, "pending": 3}


def test_whoever_is_skipped_uses_nothing(twilio, now):
    announced = broadcast.create(5, now=now)
    with db.transaction() as session:
        service.opt_out(
            session, contact_point_id=announced.message(0).contact_point_id, sender_id=announced.sender_id,
            blocked_by_carrier=True, source="word", now=now,
        )  # fmt: skip
        session.execute(update(Message).where(Message.position == 1).values(expires_at=now))
        leased = chunks.take(session, BULK, now=now)
        marked = chunks.mark(session, leased.lease, most=5, now=now, allowance=2)
    assert len(marked.calls) == 2
    assert announced.statuses() == {"calling": 2, "skipped": 2, "pending": 1}


def test_without_redis_a_sender_with_a_rate_waits_and_others_send(twilio, short_shifts, now, monkeypatch):
    limited = broadcast.create(3, now=now)
    limit(limited, 100)
    monkeypatch.setenv("REDIS_URL", f"redis://127.0.0.1:{CLOSED_PORT}/0")
    settings.cache_clear()
    jobs.redis.cache_clear()
    try:
        sending.drain(BULK, clock=clock)
        assert limited.statuses() == {"pending": 3}
        assert limited.chunk().lease_token is None
        limit(limited, None)
        sending.drain(BULK, clock=clock)
        assert limited.statuses() == {"accepted": 3}
    finally:
        jobs.redis.cache_clear()
