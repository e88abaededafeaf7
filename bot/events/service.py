"""Recording what happened, in the transaction that makes it happen."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from bot import db, jobs
from bot.events.jobs import dispatch_events
from bot.events.models import DEAD, RETRY, Event, Handling
from bot.ids import uuid7


class NoDeadLetter(Exception):
    """There is no dead letter of this event; the message says how to list those there are."""


def record(
    session: Session,
    *,
    type: str,  # noqa: A002  # the word that events go by everywhere
    subject_type: str,
    subject_id: uuid.UUID,
    actor: str,
    now: datetime,
    client_id: uuid.UUID | None = None,
    payload: dict[str, Any] | None = None,
    occurred_at: datetime | None = None,
    causation_id: uuid.UUID | None = None,
) -> uuid.UUID:
    """Record one event; its handlers run after the commit, and never if there is none.

    Events of one subject are numbered from 1 without gaps. Whoever records about the same subject at the same
    time waits for this transaction to end, so a transaction that records about several subjects should take
    them in the order of their ids.

    :param type: what happened, as ``subject.verb`` in the past (``announcement.confirmed``).
    :param actor: who made it happen: ``person:<id>``, ``operator``, ``carrier`` or ``system``.
    :param payload: what a handler can't look up later, as JSON; never numbers or texts.
    :param occurred_at: when it happened, where that is not ``now``.
    :param causation_id: the event that led to this one; inside a handler it is the event at hand.
    :returns: the event's id.
    """
    session.flush()  # the rows that the event speaks of come before it
    session.execute(
        select(func.pg_advisory_xact_lock(func.hashtextextended(f"event:{subject_type}:{subject_id}", 0)))
    )
    # A statement of its own after the lock: only then does it see what the one before us committed.
    last = session.scalar(
        select(func.max(Event.subject_sequence)).where(
            Event.subject_type == subject_type, Event.subject_id == subject_id
        )
    )
    event_id = uuid7()
    context = structlog.contextvars.get_contextvars()
    session.execute(
        insert(Event).values(
            id=event_id,
            client_id=client_id,
            subject_type=subject_type,
            subject_id=subject_id,
            subject_sequence=(last or 0) + 1,
            type=type,
            version=1,
            actor=actor,
            causation_id=causation_id or _id(context.get("event_id")),
            correlation_id=_id(context.get("request_id")),
            occurred_at=occurred_at or now,
            recorded_at=now,
            payload=payload or {},
        )
    )
    _dispatch_after_commit(session)
    return event_id


def retry(session: Session, event_id: uuid.UUID, *, now: datetime) -> list[str]:
    """Hand an event again to the consumers that had given it up, with a fresh count of attempts.

    :returns: the consumers' names.
    :raises NoDeadLetter: no consumer has given this event up.
    """
    consumers = session.scalars(
        update(Handling)
        .where(Handling.event_id == event_id, Handling.status == DEAD)
        .values(status=RETRY, attempts=0, next_attempt_at=now)
        .returning(Handling.consumer)
    ).all()
    if not consumers:
        raise NoDeadLetter(f"No consumer has given up event {event_id}; `events dead` lists those given up.")
    session.execute(update(Event).where(Event.id == event_id).values(dispatched_at=None))
    _dispatch_after_commit(session)
    return sorted(consumers)


def wake_dispatcher() -> None:
    """Have the events that wait handled now."""
    jobs.enqueue(jobs.DEFAULT, dispatch_events)


def _dispatch_after_commit(session: Session) -> None:
    # One job is enough, however many events the transaction records.
    if wake_dispatcher not in session.info.get("after_commit", []):
        db.after_commit(session, wake_dispatcher)


def _id(bound: object) -> uuid.UUID | None:
    """An id bound to the log's context, if one is."""
    return uuid.UUID(str(bound)) if bound else None
