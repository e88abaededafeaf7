"""Handing events to their consumers: in order per subject, each consumer exactly once, failures tried again.

Only the first undispatched event of a subject is ever worked on, and whoever works on it holds its row
locked. That keeps two dispatchers apart and a subject's events in order, and lets a failing event hold up
nothing but its own subject.
"""

from __future__ import annotations

import logging
import random
import uuid
from datetime import datetime, timedelta

import structlog
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from bot import db
from bot.events import queries
from bot.events.handlers import Handler, consumers_of
from bot.events.models import DEAD, DONE, RETRY, Event, Handling

MAX_ATTEMPTS = 5
FIRST_DELAY = timedelta(seconds=5)  # then four times as long after each attempt: 5 s, 20 s, 80 s, 5 minutes

log = structlog.get_logger()


def dispatch_batch(now: datetime) -> int:
    """Work on the events that are due, one per subject; returns how many could be brought forward.

    Each handler runs in a transaction of its own. Events that another dispatcher has at hand are left to it.
    """
    with db.transaction() as session:
        due = queries.due(session, now)
    return sum(_dispatch(event, now) for event in due)


def _dispatch(due: queries.Due, now: datetime) -> bool:
    consumers = consumers_of(due.type)
    progress = [_hand_over(due.id, consumer, handler, now) for consumer, handler in consumers.items()]
    return _close(due.id, set(consumers), now) or any(progress)


def _hand_over(event_id: uuid.UUID, consumer: str, handler: Handler, now: datetime) -> bool:
    """Let one consumer handle the event, unless it has, or has to wait; returns whether it was its turn."""
    try:
        with db.transaction() as session:
            event = _lock(session, event_id)
            if event is None or not _is_due(session, event_id, consumer, now):
                return False
            # What the handler logs and records carries on the thread of the request that began it.
            with structlog.contextvars.bound_contextvars(
                request_id=event.correlation_id and str(event.correlation_id), event_id=str(event_id)
            ):
                handler(session, event, now)
            _note(session, event_id, consumer, status=DONE)
    except Exception as error:  # whatever a handler trips over must not stop the others
        dead = _note_failure(event_id, consumer, error, now)
        log.log(
            logging.ERROR if dead else logging.WARNING,
            "event_given_up" if dead else "event_failed",
            event_id=str(event_id),
            consumer=consumer,
            exc_info=error,
        )
    return True


def _lock(session: Session, event_id: uuid.UUID) -> Event | None:
    """Take the event, unless somebody else has it at hand or it is dispatched."""
    return session.scalar(
        select(Event)
        .where(Event.id == event_id, Event.dispatched_at.is_(None))
        .with_for_update(skip_locked=True, key_share=True)
    )


def _is_due(session: Session, event_id: uuid.UUID, consumer: str, now: datetime) -> bool:
    handling = session.get(Handling, (consumer, event_id))
    if handling is None:
        return True
    return handling.status == RETRY and (handling.next_attempt_at is None or handling.next_attempt_at <= now)


def _note_failure(event_id: uuid.UUID, consumer: str, error: Exception, now: datetime) -> bool:
    """Plan the next attempt, or give the event up after the last; returns whether it was given up."""
    with db.transaction() as session:
        handling = session.get(Handling, (consumer, event_id), with_for_update=True)
        attempts = (handling.attempts if handling else 0) + 1
        delay = FIRST_DELAY * 4 ** (attempts - 1) * random.uniform(0.75, 1.25)
        dead = attempts >= MAX_ATTEMPTS
        _note(
            session,
            event_id,
            consumer,
            status=DEAD if dead else RETRY,
            next_attempt_at=None if dead else now + delay,
            error=f"{type(error).__name__}: {error}"[:500],
        )
    return dead


def _note(
    session: Session,
    event_id: uuid.UUID,
    consumer: str,
    *,
    status: str,
    next_attempt_at: datetime | None = None,
    error: str | None = None,
) -> None:
    """Keep what became of the event in this consumer's hands, and count the attempt."""
    outcome = {"status": status, "next_attempt_at": next_attempt_at, "error": error}
    session.execute(
        insert(Handling)
        .values(consumer=consumer, event_id=event_id, attempts=1, **outcome)
        .on_conflict_do_update(
            index_elements=["consumer", "event_id"], set_={"attempts": Handling.attempts + 1, **outcome}
        )
    )


def _close(event_id: uuid.UUID, consumers: set[str], now: datetime) -> bool:
    """Mark the event dispatched when every consumer is done with it or has given it up."""
    with db.transaction() as session:
        event = _lock(session, event_id)
        if event is None:
            return False
        finished = session.scalars(
            select(Handling.consumer).where(Handling.event_id == event_id, Handling.status.in_([DONE, DEAD]))
        )
        if not consumers <= set(finished):
            return False
        event.dispatched_at = now
        return True
