"""Respites: announcements leave somebody alone while we wait to hear whether they want to end or to stay.

A respite is a row, and is looked at in the moment in which a message would be called: what it holds up stays
pending, is skipped by a STOP, expires as it would have, and goes out when the person stays.
"""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from bot import jobs
from bot.ids import uuid7
from bot.messaging.models import Chunk, Message, Respite
from bot.messaging.statuses import PENDING, RANK

#: What waits. Replies, notices and codes answer somebody, so they don't.
PURPOSES = ("announcement", "series")


def begin(
    session: Session, *, contact_point_id: uuid.UUID, sender_id: uuid.UUID, until: datetime, now: datetime
) -> None:
    """Leave a contact point alone on a sender until it says more, or until ``until``."""
    close(session, contact_point_id, sender_id, now=now)
    session.add(
        Respite(id=uuid7(), contact_point_id=contact_point_id, sender_id=sender_id, began_at=now, until=until)
    )
    session.flush()


def in_force(session: Session, contact_point_id: uuid.UUID, sender_id: uuid.UUID, *, now: datetime) -> bool:
    """Whether a contact point is being left alone on a sender."""
    found = select(Respite.id).where(
        Respite.contact_point_id == contact_point_id,
        Respite.sender_id == sender_id,
        Respite.ended_at.is_(None),
        Respite.until > now,
    )
    return bool(session.scalar(select(found.exists())))


def last_began(session: Session, contact_point_id: uuid.UUID, sender_id: uuid.UUID) -> datetime | None:
    """When a contact point was last asked on a sender; None when it never was."""
    return session.scalar(
        select(func.max(Respite.began_at)).where(
            Respite.contact_point_id == contact_point_id, Respite.sender_id == sender_id
        )
    )


def end(session: Session, *, contact_point_id: uuid.UUID, sender_id: uuid.UUID, now: datetime) -> None:
    """Leave a contact point alone no more: what has waited goes out soon.

    While a worker marks messages of the same chunks, this waits: it would find them waiting by a respite that
    has ended.
    """
    pending = (
        Message.contact_point_id == contact_point_id,
        Message.sender_id == sender_id,
        Message.rank == RANK[PENDING],
        Message.purpose.in_(PURPOSES),
    )
    waiting = select(Message.chunk_id).where(*pending)
    # In the order of their ids, so that two people who stay can't wait for each other.
    chunks = session.scalars(
        select(Chunk.id).where(Chunk.id.in_(waiting)).order_by(Chunk.id).with_for_update()
    ).all()
    if not close(session, contact_point_id, sender_id, now=now) or not chunks:
        return
    session.execute(update(Message).where(*pending).values(next_attempt_at=now))
    session.execute(update(Chunk).where(Chunk.id.in_(chunks), Chunk.not_before > now).values(not_before=now))
    from bot.messaging.jobs import send_bulk

    jobs.defer(session, jobs.BULK, send_bulk)


def close(session: Session, contact_point_id: uuid.UUID, sender_id: uuid.UUID, *, now: datetime) -> bool:
    """End a respite and leave what waits where it is; False when there was none."""
    ended = session.execute(
        update(Respite)
        .where(
            Respite.contact_point_id == contact_point_id,
            Respite.sender_id == sender_id,
            Respite.ended_at.is_(None),
        )
        .values(ended_at=func.least(Respite.until, now))
        .returning(Respite.id)
    )
    return bool(ended.all())
