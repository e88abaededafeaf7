"""Holds: what is held is not called, what is released goes on, what is dropped is skipped."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from sqlalchemy import func, select, update

from bot import db
from bot.events.models import Event
from bot.jobs import BULK
from bot.messaging import chunks, holds, sending
from bot.messaging.models import Message, Sender
from tests.messaging import broadcast
from tests.messaging.broadcast import clock, number
from tests.messaging.test_crashes import process, received

HOUR = timedelta(hours=1)


def hold(announced, now):
    with db.transaction() as session:
        return holds.hold(session, "announcement", announced.source_id, now=now)


def release(announced, now):
    with db.transaction() as session:
        return holds.release(session, "announcement", announced.source_id, now=now)


def drop(announced, now):
    with db.transaction() as session:
        return holds.drop(session, "announcement", announced.source_id, now=now)


def take(now):
    with db.transaction() as session:
        return chunks.take(session, BULK, now=now)


def mark(leased, now):
    with db.transaction() as session:
        return chunks.mark(session, leased.lease, most=100, now=now)


def test_what_is_held_is_not_taken_and_others_are(twilio, now):
    held, other = broadcast.create(3, now=now), broadcast.create(2, now=now, first=10)
    assert hold(held, now)
    assert not hold(held, now)
    sending.drain(BULK, clock=clock)
    assert (held.ledger.pending, other.ledger.on_the_way) == (3, 2)
    with db.transaction() as session:
        assert chunks.leasable(session, BULK, most=9, now=now) == 0
    assert release(held, now)
    assert not release(held, now)
    sending.drain(BULK, clock=clock)
    assert received(twilio) == Counter(number(position) for position in (0, 1, 2, 10, 11))


def test_a_chunk_that_somebody_works_on_is_marked_no_further(database, now):
    announced = broadcast.create(3, now=now)
    leased = take(now)
    hold(announced, now)
    assert mark(leased, now).calls == []
    with db.transaction() as session:
        chunks.put_down(session, leased.lease, now=now)
    assert announced.statuses() == {"pending": 3}
    assert announced.chunk().finished_at is None


def test_what_waits_in_a_chunk_that_is_dropped_while_somebody_has_it_is_skipped_at_once(database, now):
    announced = broadcast.create(1, now=now)
    with db.transaction() as session:
        session.execute(update(Message).values(next_attempt_at=now + 12 * HOUR))  # a night, say
    leased = take(now)
    assert mark(leased, now).not_called == 0
    hold(announced, now)
    drop(announced, now)
    with db.transaction() as session:
        chunks.put_down(session, leased.lease, now=now)
    assert mark(take(now), now).not_called == 1
    assert announced.message(0).skip_reason == "cancelled"


def test_held_in_the_middle_what_is_being_called_finishes_and_the_rest_is_sent_once_after(twilio, now):
    twilio.fail("slow", seconds=0.2)
    announced = broadcast.create(1000, now=now, chunk_size=250)
    with process() as sender:
        twilio.wait_for(lambda: twilio.count() >= 50)
        hold(announced, now)
        assert sender.wait(30) == 0, "nothing more is due, so it ends"
    statuses = announced.statuses()
    assert set(statuses) == {"accepted", "pending"}, statuses
    assert statuses["accepted"] == twilio.count()
    twilio.heal()
    release(announced, now)
    sending.drain(BULK, clock=clock)
    assert received(twilio) == {number(position): 1 for position in range(1000)}


def test_the_rest_is_dropped_also_what_waits_for_later_and_that_is_told_once(twilio, now):
    announced = broadcast.create(4, now=now, chunk_size=2, expires_at=now + HOUR)
    with db.transaction() as session:
        session.execute(
            update(Message)
            .where(Message.id == announced.message(3).id)
            .values(next_attempt_at=now + 2 * HOUR)
        )
    assert not drop(announced, now), "only what is held can be dropped"
    hold(announced, now)
    assert drop(announced, now)
    assert not drop(announced, now)
    assert not release(announced, now)
    sending.drain(BULK, clock=clock)
    assert twilio.count() == 0
    ledger = announced.ledger
    assert (ledger.cancelled, ledger.total, ledger.not_reached) == (4, 4, 0)
    assert announced.message(3).skip_reason == "cancelled"
    assert announced.history(3) == [("skipped", "send")]
    assert announced.chunk(0).finished_at
    assert announced.chunk(1).finished_at
    with db.transaction() as session:
        settled = select(func.count()).where(
            Event.type == "messaging.settled", Event.subject_id == announced.source_id
        )
        assert session.scalar(settled) == 1


def test_a_sleeping_chunk_is_woken_to_be_dropped(database, now):
    announced = broadcast.create(1, now=now)
    with db.transaction() as session:
        session.execute(
            update(Message).where(Message.id == announced.message(0).id).values(next_attempt_at=now + HOUR)
        )
    leased = take(now)
    assert mark(leased, now).calls == []
    with db.transaction() as session:
        chunks.put_down(session, leased.lease, now=now)
    assert announced.chunk().not_before == now + HOUR
    hold(announced, now)
    drop(announced, now)
    assert mark(take(now), now).not_called == 1


def test_what_is_dropped_does_not_wait_for_a_paused_sender(database, now):
    announced = broadcast.create(1, now=now)
    hold(announced, now)
    with db.transaction() as session:
        session.execute(update(Sender).values(paused_at=now, paused_reason="21703: no number"))
    drop(announced, now)
    assert mark(take(now), now).not_called == 1
    assert announced.ledger.cancelled == 1


def test_too_late_is_not_a_failure(database, now):
    announced = broadcast.create(2, now=now, expires_at=now + HOUR)
    hold(announced, now)
    release(announced, now + HOUR)
    assert mark(take(now + HOUR), now + HOUR).not_called == 2
    assert (announced.ledger.expired, announced.ledger.not_reached, announced.ledger.finished) == (2, 0, 2)
