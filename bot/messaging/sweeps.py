"""Sweeps of messaging: what finds committed work that nobody is working on, whatever became of its job."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from bot.messaging import jobs, receipts


def wake_senders(session: Session, now: datetime) -> None:
    """Chunks that are due: their job was lost, their wait is over, or the lease of a dead process ran out."""
    jobs.wake_senders(session, now=now)


def wake_applier(session: Session, now: datetime) -> None:  # noqa: ARG001
    """Receipts that wait in the inbox."""
    if receipts.wait(session):
        jobs.wake_applier()
