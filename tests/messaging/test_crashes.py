"""Processes that die, lose their lease, or are told to stop: nobody twice, nobody lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import func, select, text

from bot import db
from bot.claims import LeaseLost
from bot.jobs import BULK
from bot.messaging import chunks, sending, steps
from bot.messaging.models import Chunk
from bot.messaging.outcomes import back
from bot.messaging.steps import Step
from tests.messaging import broadcast
from tests.messaging.broadcast import clock, number

SENDER = """
import signal
from bot import tables
from bot.messaging import jobs, sending
signal.signal(signal.SIGTERM, lambda *_: sending.stop())
jobs.send_bulk()
"""


@contextmanager
def process() -> Iterator[subprocess.Popen[bytes]]:
    """A process that drains the bulk lane."""
    with subprocess.Popen([sys.executable, "-c", SENDER], env=os.environ) as running:
        try:
            yield running
        finally:
            running.kill()


def await_lease_ends() -> None:
    """Wait, by the database's clock, until every lease has run out."""
    with db.transaction() as session:
        until = session.scalar(select(func.max(Chunk.leased_until)))
        session.execute(select(func.pg_sleep_until(func.greatest(until, func.now()))))


def received(twilio) -> Counter[str]:
    return Counter(each["to"] for each in twilio.messages(direction="outbound-api"))


def test_after_kill_9_nobody_is_called_twice_and_everyone_is_accounted_for(twilio, short_leases, now):
    twilio.fail("slow", seconds=0.3)
    announced = broadcast.create(500, now=now, chunk_size=250)
    with process() as killed:
        twilio.wait_for(lambda: twilio.count() >= 120)
        killed.send_signal(signal.SIGKILL)
        killed.wait()
    twilio.heal()
    called = announced.statuses()["calling"]
    assert called > 0, "it was killed in the middle"
    await_lease_ends()
    sending.drain(BULK, clock=clock)
    got = received(twilio)
    assert max(got.values()) == 1
    assert announced.statuses()["unknown"] == called
    assert announced.statuses()["calling"] == announced.statuses()["pending"] == 0
    assert announced.ledger.total == announced.ledger.unfinished == 500
    never_called = {number(position) for position in range(500)} - set(got)
    unknown = announced.numbers_that_are("unknown")
    assert never_called <= unknown, "whoever got nothing is unknown, not forgotten"


def test_two_processes_drain_one_lane_side_by_side(twilio, now):
    twilio.fail("slow", seconds=0.05)
    announced = broadcast.create(600, now=now, chunk_size=50)
    with process() as one, process() as other:
        assert one.wait(60) == other.wait(60) == 0
    assert received(twilio) == {number(position): 1 for position in range(600)}
    assert announced.statuses() == {"accepted": 600}


def test_a_process_told_to_stop_finishes_its_calls_and_gives_its_leases_back(twilio, now):
    twilio.fail("slow", seconds=0.3)
    announced = broadcast.create(600, now=now, chunk_size=300)
    with process() as stopped:
        twilio.wait_for(lambda: twilio.count() >= 50)
        stopped.send_signal(signal.SIGTERM)
        assert stopped.wait(20) == 0
    statuses = announced.statuses()
    assert set(statuses) == {"accepted", "pending"}, statuses
    assert statuses["accepted"] == twilio.count()
    assert announced.chunk(0).lease_token is announced.chunk(1).lease_token is None
    twilio.heal()
    sending.drain(BULK, clock=clock)
    assert received(twilio) == {number(position): 1 for position in range(600)}


def taken(now):
    with db.transaction() as session:
        leased = chunks.take(session, BULK, now=now)
    assert leased is not None
    return leased.lease


def marked(lease, now):
    with db.transaction() as session:
        return chunks.mark(session, lease, most=10, now=now).calls


def test_a_lease_keeps_others_out_until_it_runs_out(twilio, short_leases, now):
    broadcast.create(3, now=now)
    taken(now)
    with db.transaction() as session:
        assert chunks.take(session, BULK, now=now) is None
        assert chunks.leasable(session, BULK, most=8, now=now) == 0
    await_lease_ends()
    assert taken(now).taken_over


def test_who_has_lost_a_lease_marks_nothing_and_gives_nothing_back(twilio, short_leases, now):
    announced = broadcast.create(3, now=now)
    lost = taken(now)
    await_lease_ends()
    held = taken(now)
    for act in (chunks.renew, lambda session, lease: chunks.put_down(session, lease, now=now)):
        with pytest.raises(LeaseLost), db.transaction() as session:
            act(session, lost)
    with pytest.raises(LeaseLost):
        marked(lost, now)
    assert announced.statuses() == {"pending": 3}
    assert len(marked(held, now)) == 3


def test_a_late_answer_settles_what_the_takeover_called_unknown(twilio, short_leases, now):
    announced = broadcast.create(2, now=now)
    first, second = marked(taken(now), now)
    await_lease_ends()
    taken(now)
    assert announced.statuses() == {"unknown": 2}
    with db.transaction() as session:
        accepted = Step(first.message_id, "accepted", "send", now, provider_id="SM1")
        steps.take(session, [accepted, back(second, at=now, wait=0, why="429")], now=now)
    assert announced.message(0).status == "accepted"
    assert announced.message(1).status == "unknown", "somebody else may have begun to settle it"


def test_a_late_429_does_not_take_back_a_later_call(twilio, now):
    announced = broadcast.create(1, now=now)
    lease = taken(now)
    (first,) = marked(lease, now)
    with db.transaction() as session:
        steps.take(session, [back(first, at=now, wait=0, why="429")], now=now)
    marked(lease, now + timedelta(seconds=1))
    with db.transaction() as session:
        steps.take(session, [back(first, at=now, wait=0, why="429")], now=now)
    assert announced.message(0).status == "calling"


def test_a_chunk_held_by_slow_calls_keeps_its_lease(twilio, short_leases, now):
    twilio.fail("slow", seconds=5)
    announced = broadcast.create(2, now=now)
    with process() as slow:
        twilio.wait_for(lambda: twilio.count() == 2)
        sending.drain(BULK, clock=clock)
        with db.transaction() as session:
            session.execute(select(func.pg_sleep(2.5)))
        sending.drain(BULK, clock=clock)
        assert announced.statuses() == {"calling": 2}
        assert slow.wait(20) == 0
    assert announced.statuses() == {"accepted": 2}


CUT_OFF_WHO_WAITS = text("""
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE wait_event_type = 'Lock' AND datname = current_database()
        AND query LIKE 'SELECT message.id, message.status%'
""")


def test_results_are_written_although_the_database_cuts_their_connection(twilio, now):
    twilio.fail("slow", seconds=0.4)
    announced = broadcast.create(50, now=now)
    with process() as sender:
        twilio.wait_for(lambda: twilio.count() == 50)
        with db.transaction() as session:
            session.execute(text("LOCK TABLE message IN EXCLUSIVE MODE"))
            while not session.execute(CUT_OFF_WHO_WAITS).all():
                session.execute(select(func.pg_sleep(0.01)))
                session.execute(select(func.pg_stat_clear_snapshot()))
        assert sender.wait(20) == 0
    assert announced.statuses() == {"accepted": 50}


CUT_OFF_WHO_WAITS_FOR_A_CHUNK = text("""
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE wait_event_type = 'Lock' AND datname = current_database() AND query LIKE 'UPDATE chunk%'
""")


def test_calls_go_on_although_the_database_fails_when_another_chunk_is_given_back(twilio, now):
    twilio.fail("slow", seconds=1.5, to=number(0))
    twilio.fail("slow", seconds=0.3, to=number(1))
    announced = broadcast.create(2, now=now, chunk_size=1)
    with process() as sender:
        twilio.wait_for(lambda: twilio.count() == 2)
        with db.transaction() as session:
            session.get_one(Chunk, announced.chunks[1], with_for_update=True)
            while announced.message(0).status == "calling" and sender.poll() is None:
                session.execute(CUT_OFF_WHO_WAITS_FOR_A_CHUNK)
                session.execute(select(func.pg_sleep(0.01)))
                session.execute(select(func.pg_stat_clear_snapshot()))
        assert sender.wait(20) == 0
    assert announced.statuses() == {"accepted": 2}
