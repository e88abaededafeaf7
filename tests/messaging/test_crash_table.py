"""The promise, under every fault that we could think of: nobody twice, nobody never, and the ledger sums.

``make crash`` does this with more people and prints the table that README.md shows. ``make test`` runs
only the faults that a broadcast is likeliest to meet: those that are not marked ``crash``.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select, text, update

from bot import db, jobs
from bot.config import settings
from bot.messaging import service
from bot.messaging.models import Sender
from bot.vendors import twilio as vendor
from tests.messaging import broadcast, faults
from tests.messaging.broadcast import Broadcast
from tests.messaging.faults import RECIPIENTS, Row, held_up, kill, recover, row, worker

pytestmark = pytest.mark.xdist_group("crashes")  # one process prints one table


@pytest.fixture(scope="module")
def table(request: pytest.FixtureRequest) -> Iterator[list[Row]]:
    """The rows, printed when all are there."""
    rows: list[Row] = []
    yield rows
    lines = ["", "| Fault | Recipients | Once | Twice | Never | Unknown |", "|---|---|---|---|---|---|"]
    for each in rows:
        numbers = (each.recipients, each.once, each.twice, each.never, each.unknown)
        lines.append(f"| {each.fault} | {' | '.join(map(str, numbers))} |")
    plugins = request.config.pluginmanager
    reporter, capture = plugins.get_plugin("terminalreporter"), plugins.get_plugin("capturemanager")
    if reporter is not None:
        with capture.global_and_fixture_disabled():
            reporter.write_line("\n".join(lines))


@pytest.fixture
def announced(twilio, short_leases, now: datetime) -> Broadcast:
    return broadcast.create(
        RECIPIENTS, now=now, chunk_size=max(10, RECIPIENTS // 4), expires_at=now + timedelta(hours=10)
    )


Finish = Callable[..., Row]


@pytest.fixture
def finish(table: list[Row], twilio, announced: Broadcast) -> Finish:
    """Heal Twilio, let others recover, and hold the result to the promise."""

    def finished(fault: str, *, stopped: int = 0) -> Row:
        twilio.heal()
        twilio.fail("missing_receipts")
        recover()
        result = row(fault, twilio, announced)
        table.append(result)
        assert result.recipients == RECIPIENTS, "the ledger sums to the audience"
        assert result.twice == 0, result
        assert result.never <= stopped, result
        assert result.unknown == 0, result
        assert announced.ledger.pending == announced.ledger.calling == 0
        return result

    return finished


@pytest.mark.crash
def test_killed_before_the_lease(announced, finish):
    with worker() as killed, held_up("chunk", in_query="WITH chosen AS"):
        kill(killed)
    finish("kill -9 before the lease")


@pytest.mark.crash
def test_killed_after_the_lease_before_anything_is_marked(announced, finish):
    with worker() as killed, held_up("message", in_query="WITH due AS"):
        kill(killed)
    assert announced.statuses() == {"pending": RECIPIENTS}
    finish("kill -9 after the lease")


def test_killed_after_calling_before_twilio_has_it(twilio, announced, finish):
    twilio.fail("never_answered")
    with worker() as killed:
        twilio.wait_for(lambda: announced.statuses()["calling"] > 0, timeout=30)
        kill(killed)
    finish("kill -9 after `calling`, Twilio has nothing")


def test_killed_during_the_call_when_twilio_has_it(twilio, announced, finish):
    twilio.fail("accepted_never_answered")
    with worker() as killed:
        twilio.wait_for(lambda: twilio.count() > 0, timeout=30)
        kill(killed)
    finish("kill -9 during the call, Twilio has it")


def test_killed_after_the_answer_before_the_result_is_written(twilio, announced, finish):
    twilio.fail("slow", seconds=1.0)
    with worker() as killed:
        twilio.wait_for(lambda: twilio.count() > 0, timeout=30)
        with held_up("message", in_query="SELECT message.id, message.status"):
            kill(killed)
    assert announced.statuses()["calling"] > 0
    finish("kill -9 after the answer, before it is written")


def test_killed_during_the_fan_out(twilio, short_leases, now, table, monkeypatch):
    monkeypatch.setenv("QUIET_HOURS", "off")
    settings.cache_clear()
    announced = broadcast.confirmed(RECIPIENTS, now=now)
    with worker(lanes="express,bulk") as killed, held_up("message", in_query="WITH person AS"):
        kill(killed)
    assert announced.ledger.total < RECIPIENTS, "it was killed in the middle"
    with worker(lanes="express,bulk") as healthy:
        assert healthy.wait(60) == 0
    recover()
    result = row("kill -9 during the fan-out", twilio, announced)
    table.append(result)
    assert (result.recipients, result.once, result.unknown) == (RECIPIENTS, RECIPIENTS, 0)


def test_killed_during_settling(twilio, announced, finish, now, monkeypatch):
    monkeypatch.setattr(vendor, "TOTAL_SECONDS", 0.3)
    twilio.fail("accepted_never_answered", to=broadcast.number(0))
    faults.sending.drain("bulk", clock=broadcast.clock)
    assert announced.statuses()["unknown"] == 1
    with db.transaction() as session:
        # As if half a minute had passed: a real worker goes by the real time.
        session.execute(text("UPDATE message SET updated_at = updated_at - interval '1 minute'"))
    with worker() as killed, held_up("message", in_query="SELECT message.id, message.status"):
        kill(killed)
    assert announced.statuses()["unknown"] == 1
    finish("kill -9 during settling")


@pytest.mark.crash
def test_two_workers_on_the_same_work(twilio, announced, finish):
    twilio.fail("slow", seconds=0.1)
    with worker() as one, worker() as other:
        assert one.wait(60) == other.wait(60) == 0
    finish("two workers on the same work")


@pytest.mark.crash
def test_redis_flushed(twilio, announced, finish):
    twilio.fail("slow", seconds=0.5)
    with worker() as killed:
        twilio.wait_for(lambda: twilio.count() > 0, timeout=30)
        jobs.redis().flushall()
        killed.wait(60)
    finish("FLUSHALL in mid-broadcast")


@pytest.fixture
def synchronous_commit(database) -> Iterator[None]:
    """What Postgres has committed survives its crash, as by default; the tests' Postgres is laxer."""
    with db.engine().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        name = connection.scalar(select(func.quote_ident(func.current_database())))
        connection.execute(text(f"ALTER DATABASE {name} SET synchronous_commit = on"))
    db.engine().dispose()
    yield
    with db.engine().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"ALTER DATABASE {name} RESET synchronous_commit"))
    db.engine().dispose()


def test_postgres_crashes(synchronous_commit, twilio, announced, finish):
    twilio.fail("slow", seconds=0.5)
    with worker() as running:
        twilio.wait_for(lambda: twilio.count() > 0, timeout=30)
        with db.engine().connect() as connection:
            backend = connection.scalar(select(func.pg_backend_pid()))
            os.kill(backend, signal.SIGKILL)  # Postgres then ends every connection and starts anew
            connection.invalidate()
        running.wait(60)
    finish("Postgres restarted in mid-broadcast")


@pytest.mark.crash
@pytest.mark.parametrize(("kind", "what"), [("answer_lost", "taken"), ("503", "not taken")])
def test_answers_dropped(twilio, announced, finish, kind, what):
    twilio.fail(kind, probability=0.3, seed=7)
    with worker() as running:
        running.wait(60)
    finish(f"a third of the answers lost ({kind}: {what})")


@pytest.mark.crash
def test_receipts_duplicated_reordered_and_missing(twilio, announced, finish):
    twilio.heal()
    twilio.fail("duplicate_receipts")
    twilio.fail("reordered_receipts")
    twilio.fail("missing_receipts", probability=0.3, seed=3)
    with worker() as running:
        running.wait(60)
    twilio.wait_for(twilio.settled, timeout=30)
    finish("receipts twice, in reverse, a third missing")


def test_stop_races_a_queued_text(twilio, announced, finish, now):
    with db.transaction() as session:  # so that most texts still wait for their turn
        session.execute(update(Sender).values(segments_per_second=RECIPIENTS // 4))
    stopping = range(0, RECIPIENTS, 4)
    with worker() as running:
        twilio.wait_for(lambda: twilio.count() > 0, timeout=30)
        for position in stopping:
            message = announced.message(position)
            with db.transaction() as session:
                service.opt_out(
                    session,
                    contact_point_id=message.contact_point_id,
                    sender_id=message.sender_id,
                    blocked_by_carrier=False,
                    source="word",
                    now=now,
                )
        running.wait(60)
    result = finish("STOP races a queued text", stopped=len(stopping))
    assert 0 < result.never == announced.ledger.opted_out


@pytest.mark.crash
def test_a_slow_sender_with_short_leases(twilio, announced, finish):
    assert settings().lease_seconds == 2
    twilio.fail("slow", seconds=5)
    with worker() as one, worker() as other:
        # 1 says that the other left work behind after this one had looked.
        assert {one.wait(60), other.wait(60)} <= {0, 1}
    finish("calls slower than the lease")
