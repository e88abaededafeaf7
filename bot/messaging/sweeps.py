"""Sweeps of messaging: what finds committed work that nobody is working on, whatever became of its job."""

from __future__ import annotations

import time
from datetime import datetime

from sqlalchemy.orm import Session

from bot.jobs import BULK, TURN_SECONDS, defer
from bot.messaging import jobs, places, receipts, settling


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
