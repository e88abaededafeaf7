"""Jobs of messaging, and waking whoever works them. A job too many finds nothing to do and ends."""

from __future__ import annotations

import time
from datetime import datetime

from rq import Queue
from sqlalchemy.orm import Session

from bot import db, jobs
from bot.clock import utc_now
from bot.jobs import BULK, DEFAULT, EXPRESS
from bot.messaging import chunks, receipts

#: More senders than this are not woken at once for one lane; each that wakes drains until nothing is due.
MOST_SENDERS = 8

_APPLIER_WOKEN = "nudges:receipts:applier-woken"
_APPLIER_WOKEN_MS = 5_000


def send_bulk() -> None:
    """Send what is due of the broadcasts."""
    from bot.messaging import sending  # the web process enqueues this, but needs no HTTP client for it

    if sending.drain(BULK, clock=utc_now):
        jobs.enqueue(BULK, send_bulk)


def send_express() -> None:
    """Send the notices that are due."""
    from bot.messaging import sending

    if sending.drain(EXPRESS, clock=utc_now):
        jobs.enqueue(EXPRESS, send_express)


def apply_receipts() -> None:
    """Apply the receipts that wait, with turns for the notices, which the same lane sends."""
    _forget_applier_was_woken()
    until = time.monotonic() + jobs.TURN_SECONDS
    while True:
        with db.transaction() as session:
            handled = receipts.apply(session, now=utc_now())
        if handled < receipts.BATCH:
            return
        if time.monotonic() >= until:
            wake_applier()
            return


def settle_unknowns() -> None:
    """Look up, for a short while, the numbers that are due; a sweep starts the next job."""
    from bot.messaging import looking  # the web process needs no HTTP client for it

    looking.settle_due(clock=utc_now)


def wake_senders(session: Session, *, now: datetime) -> None:
    """Enqueue, after the commit, a sender for every chunk that can be leased then, less those queued already.

    Chunks of this transaction count too.
    """
    for lane, job in ((EXPRESS, send_express), (BULK, send_bulk)):
        wanted = chunks.leasable(session, lane, most=MOST_SENDERS, now=now)
        for _ in range(wanted - _queued(lane) if wanted else 0):
            jobs.defer(session, lane, job)


def wake_applier() -> None:
    """Enqueue :func:`apply_receipts`, unless it has been and hasn't begun; for after a receipt's commit."""
    first = jobs.ask(
        lambda redis: redis.set(_APPLIER_WOKEN, 1, nx=True, px=_APPLIER_WOKEN_MS),
        otherwise=None,
        complaint="applier_not_woken",
    )
    if first:
        jobs.enqueue(DEFAULT, apply_receipts)


def _forget_applier_was_woken() -> None:
    # Before the inbox is read: a receipt that comes after the reading then wakes another applier.
    jobs.ask(lambda redis: redis.delete(_APPLIER_WOKEN), otherwise=None, complaint="applier_not_forgotten")


def _queued(queue: str) -> int:
    return jobs.ask(
        lambda redis: Queue(queue, connection=redis).count,
        otherwise=MOST_SENDERS,
        complaint="queue_not_counted",
        queue=queue,
    )
