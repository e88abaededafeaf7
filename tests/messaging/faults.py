"""How the crash tests break things, from outside: a real worker is stopped at a place and killed with -9.

A worker stops exactly where a lock of the test's holds it up in the database, or where the stand-in does not
answer. Nothing in the product knows of it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from sqlalchemy import Table, func, select, text

from bot import db
from bot.jobs import BULK
from bot.messaging import jobs, looking, sending, sweeps
from bot.messaging.models import Chunk, Lookup
from tests.messaging.broadcast import Broadcast, clock, number

ROOT = Path(__file__).parent.parent.parent

#: How many people each test texts; ``make crash`` texts more than ``make test``.
RECIPIENTS = int(os.environ.get("CRASH_RECIPIENTS", "40"))

_WHO_WAITS = text("""
    SELECT query FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()
""")


@dataclass(frozen=True)
class Row:
    """What came of one fault: people by how often they were texted, and what the ledger can't tell."""

    fault: str
    recipients: int
    once: int
    twice: int
    never: int
    unknown: int


@contextmanager
def worker(*, lanes: str = "bulk") -> Iterator[subprocess.Popen[bytes]]:
    """A real worker that works off what is due, and ends."""
    command = [sys.executable, "worker.py", "--burst", "--lanes", lanes]
    with subprocess.Popen(command, cwd=ROOT, env=os.environ, stderr=subprocess.DEVNULL) as running:
        try:
            yield running
        finally:
            running.kill()


def kill(running: subprocess.Popen[bytes]) -> None:
    """Kill it with -9; it must not have ended by itself before."""
    assert running.poll() is None, "it ended before it could be killed"
    running.send_signal(signal.SIGKILL)
    running.wait()


@contextmanager
def held_up(table: str, *, in_query: str) -> Iterator[None]:
    """Hold up whoever wants rows of a table to change them, and wait until somebody does.

    :param in_query: what the waiting query has to contain.
    """
    with db.engine().connect() as holding:
        holding.execute(text(f"LOCK TABLE {table} IN EXCLUSIVE MODE"))
        yield from _until_somebody_waits(in_query)
        holding.rollback()


def _until_somebody_waits(query: str) -> Iterator[None]:
    with db.engine().connect().execution_options(isolation_level="AUTOCOMMIT") as looking_on:
        waiting: Sequence[str] = ()
        for _ in range(3000):
            waiting = looking_on.scalars(_WHO_WAITS).all()
            if any(query in each for each in waiting):
                yield
                return
            looking_on.execute(select(func.pg_sleep(0.01)))
    raise AssertionError(f"Nobody came to {query!r}, but to {waiting}.")


def end_leases() -> None:
    """Wait, by the database's clock, until every lease has run out."""
    for model in (Chunk, Lookup):
        with db.transaction() as session:
            table: Table = model.__table__  # type: ignore[assignment]
            until = session.scalar(select(func.max(table.c.leased_until)))
            session.execute(select(func.pg_sleep_until(func.greatest(until, func.now()))))


def recover() -> None:
    """What a healthy installation does afterwards: another worker, receipts, looks, and what those decide."""
    end_leases()
    with worker() as healthy:
        assert healthy.wait(60) == 0
    jobs.apply_receipts()
    now = clock()  # what became unknown did so by now; its looks are due half a minute and five minutes later
    for seconds in (40, 310, 320):
        at = now + timedelta(seconds=seconds)
        for _ in range(RECIPIENTS):
            with db.transaction() as session:
                sweeps.unknowns(session, at)
                left = session.scalar(select(Lookup.id).where(Lookup.not_before <= at).limit(1))
            if left is None:
                break
            looking.settle_due(clock=lambda at=at: at)
    sending.drain(BULK, clock=lambda: now + timedelta(seconds=320))
    jobs.apply_receipts()


def row(fault: str, twilio, announced: Broadcast) -> Row:
    """Count the texts per phone at the stand-in, and sum the ledger."""
    got = Counter(each["to"] for each in twilio.messages(direction="outbound-api"))
    people = announced.ledger.total
    times = Counter(got.get(number(position), 0) for position in range(people))
    return Row(
        fault,
        recipients=people,
        once=times[1],
        twice=sum(count for often, count in times.items() if often > 1),
        never=times[0],
        unknown=announced.ledger.unknown,
    )
