"""Sweeps: what is looked for in the rows from time to time, so that a lost job only ever delays.

They run one at a time, in one of however many workers there are: whoever holds the advisory lock.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import TracebackType
from typing import Self

import structlog
from sqlalchemy import Connection, func, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from bot import db, retention
from bot.announcements import sweeps as announcements
from bot.audience import sweeps as audience
from bot.automation import sweeps as automation
from bot.dialogue import sweeps as dialogue
from bot.dialogue.unseen import LEARN_EVERY
from bot.events import sweeps as events
from bot.media import sweeps as media
from bot.messaging import sweeps as messaging

LOCK = 7_264_002  # any number of our own

log = structlog.get_logger()


@dataclass(frozen=True)
class Sweep:
    """A function that looks for left-over work, and how often it does."""

    run: Callable[[Session, datetime], None]
    every: timedelta

    @property
    def name(self) -> str:
        """What logs call it."""
        return self.run.__name__


SWEEPS = (
    Sweep(events.undispatched_events, timedelta(seconds=2)),
    Sweep(messaging.wake_applier, timedelta(seconds=1)),
    Sweep(messaging.wake_senders, timedelta(seconds=2)),
    Sweep(messaging.numbers_without_place, timedelta(seconds=2)),
    Sweep(messaging.unknowns, timedelta(seconds=2)),
    Sweep(audience.untold_subscribers, timedelta(seconds=5)),
    Sweep(media.unfetched_media, timedelta(seconds=2)),
    Sweep(automation.due_welcomes, timedelta(seconds=5)),
    Sweep(announcements.due_schedules, timedelta(seconds=1)),
    Sweep(announcements.missing_fan_outs, timedelta(seconds=10)),
    Sweep(announcements.missing_reports, timedelta(seconds=10)),
    Sweep(announcements.outlasted_pauses, timedelta(minutes=1)),
    Sweep(announcements.old_pictures, timedelta(minutes=10)),
    Sweep(announcements.expired_drafts, timedelta(minutes=10)),
    Sweep(dialogue.numbers_of_services, LEARN_EVERY),
    Sweep(dialogue.unseen_texts, timedelta(seconds=30)),
    Sweep(dialogue.expired_prompts, timedelta(minutes=10)),
    Sweep(messaging.overdue_receipts, timedelta(minutes=10)),
    Sweep(retention.old_words, timedelta(hours=1)),
)


def is_sweeping(session: Session) -> bool:
    """Whether some worker holds the lock of the sweeps."""
    held = text(
        "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1"
        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        " AND classid = 0 AND objid = :lock)"
    )
    return bool(session.scalar(held, {"lock": LOCK}))


class Sweeper:
    """Runs the sweeps that are due, while it is the one that may.

    Holding the lock takes a connection of its own: Postgres gives the lock to another when that is gone.
    """

    def __init__(self, sweeps: Sequence[Sweep] = SWEEPS) -> None:
        self._sweeps = sweeps
        self._last_run: dict[str, datetime] = {}
        self._lock_holder: Connection | None = None

    def run_due(self, now: datetime) -> bool:
        """Run what is due, each sweep in its own transaction; False when another process sweeps."""
        if not self._may_sweep():
            return False
        for sweep in self._sweeps:
            last = self._last_run.get(sweep.name)
            if last is None or now - last >= sweep.every:
                self._last_run[sweep.name] = now
                self._run(sweep, now)
        return True

    def close(self) -> None:
        """Let another process sweep."""
        connection, self._lock_holder = self._lock_holder, None
        if connection is None:
            return
        try:
            connection.execute(select(func.pg_advisory_unlock(LOCK)))
        except SQLAlchemyError as error:  # then Postgres unlocks by itself
            log.warning("sweeping_not_handed_over", error=str(error))
        connection.close()

    def __enter__(self) -> Self:
        """Sweep for as long as the block lasts."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Let another process sweep, whatever happened."""
        self.close()

    def _run(self, sweep: Sweep, now: datetime) -> None:
        try:
            with db.transaction() as session:
                sweep.run(session, now)
        except Exception:  # whatever one sweep trips over must not stop the others
            log.exception("sweep_failed", sweep=sweep.name)

    def _may_sweep(self) -> bool:
        try:
            if self._lock_holder is not None:
                self._lock_holder.execute(select(1))
                return True
            connection = db.engine().connect().execution_options(isolation_level="AUTOCOMMIT")
            if connection.scalar(select(func.pg_try_advisory_lock(LOCK))):
                self._lock_holder = connection
                log.info("sweeping_begun")
                return True
            connection.close()
        except SQLAlchemyError as error:
            log.warning("sweeping_interrupted", error=str(error))
            if self._lock_holder is not None:
                self._lock_holder.close()
                self._lock_holder = None
        return False
