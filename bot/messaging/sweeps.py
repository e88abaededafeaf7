"""Sweeps of messaging: what finds committed work that nobody is working on, whatever became of its job."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.jobs import BULK, TURN_SECONDS, defer
from bot.messaging import jobs, places, receipts, settling, steps
from bot.messaging.models import Message
from bot.messaging.statuses import ACCEPTED, RANK, SENT, WITHOUT_RECEIPT
from bot.messaging.steps import Step

#: After this long no receipt is waited for any more; one that comes still counts.
RECEIPTS_COME_FOR = timedelta(days=3)
BATCH = 1000
MOST_BATCHES = 10


def wake_senders(session: Session, now: datetime) -> None:
    """Chunks that are due: their job was lost, their wait is over, or the lease of a dead process ran out."""
    jobs.wake_senders(session, now=now)


def numbers_without_place(session: Session, now: datetime) -> None:  # noqa: ARG001
    """Numbers that were not looked up yet: where their people may be decides when they are texted."""
    until = time.monotonic() + TURN_SECONDS
    while places.look_up(session) == places.BATCH and time.monotonic() < until:
        pass


def wake_applier(session: Session, now: datetime) -> None:  # noqa: ARG001
    """Receipts that wait in the inbox."""
    if receipts.wait(session):
        jobs.wake_applier()


def unknowns(session: Session, now: datetime) -> None:
    """Messages that were called and never answered, whose number is due to be looked up at Twilio."""
    if settling.expect(session, now=now):
        defer(session, BULK, jobs.settle_unknowns)


def overdue_receipts(session: Session, now: datetime) -> None:
    """Texts that Twilio took and has told nothing more of for days: that is how they end, for now."""
    for _ in range(MOST_BATCHES):
        overdue = session.scalars(
            select(Message.id)
            .where(
                Message.rank.between(RANK[ACCEPTED], RANK[SENT]), Message.updated_at < now - RECEIPTS_COME_FOR
            )
            .limit(BATCH)
        ).all()
        if not overdue:
            return
        why = f"no receipt for {RECEIPTS_COME_FOR.days} days"
        ends = [Step(message_id, WITHOUT_RECEIPT, "sweep", now, detail=why) for message_id in overdue]
        steps.take(session, ends, now=now)
