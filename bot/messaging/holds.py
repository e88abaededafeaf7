"""Holds: a source whose texts wait until they are released, or are never sent.

One row holds every text of a source, also those whose rows are still to be written. Each marking of messages
as being called reads it, so what is held stops within about a second, and what is being called finishes.
"""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import delete, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from bot.messaging.jobs import wake_senders
from bot.messaging.models import Chunk, Hold, Message
from bot.messaging.service import rows
from bot.messaging.statuses import PENDING, RANK


def hold(session: Session, source_type: str, source_id: uuid.UUID, *, now: datetime) -> bool:
    """Send nothing more of a source for now; False when it is held already."""
    made = session.execute(
        upsert(Hold)
        .values(source_type=source_type, source_id=source_id, held_at=now)
        .on_conflict_do_nothing(index_elements=["source_type", "source_id"])
    )
    return rows(made) == 1


def release(session: Session, source_type: str, source_id: uuid.UUID, *, now: datetime) -> bool:
    """Go on with a source that is held; False when it isn't, or was dropped."""
    released = session.execute(
        delete(Hold).where(
            Hold.source_type == source_type, Hold.source_id == source_id, Hold.dropped_at.is_(None)
        )
    )
    if rows(released) == 0:
        return False
    wake_senders(session, now=now)
    return True


def drop(session: Session, source_type: str, source_id: uuid.UUID, *, now: datetime) -> bool:
    """Never send the rest of a source that is held; False when it isn't, or was dropped before.

    The senders skip its messages, a slice at a time, as if they sent them: there may be a million.
    """
    dropped = session.execute(
        update(Hold)
        .where(Hold.source_type == source_type, Hold.source_id == source_id, Hold.dropped_at.is_(None))
        .values(dropped_at=now)
    )
    if rows(dropped) == 0:
        return False
    sleeping = session.scalars(
        select(Chunk.id)
        .where(
            Chunk.source_type == source_type,
            Chunk.source_id == source_id,
            Chunk.finished_at.is_(None),
            # Whoever has one gives it back for later, or finds it dropped: so it is waited for.
            or_(Chunk.not_before > now, Chunk.lease_token.is_not(None)),
        )
        .order_by(Chunk.id)  # as everybody locks several of them, so that nobody waits in a circle
        .with_for_update()
    ).all()
    session.execute(update(Chunk).where(Chunk.id.in_(sleeping)).values(not_before=now))
    wake_senders(session, now=now)
    return True


def outlasted(session: Session, source_type: str, *, held_before: datetime, now: datetime) -> list[uuid.UUID]:
    """Sources held since before a moment, none of whose texts is worth sending any more."""
    of_use = select(Message.id).where(
        Message.source_type == Hold.source_type,
        Message.source_id == Hold.source_id,
        Message.rank == RANK[PENDING],
        or_(Message.expires_at.is_(None), Message.expires_at > now),
    )
    found = select(Hold.source_id).where(
        Hold.source_type == source_type,
        Hold.dropped_at.is_(None),
        Hold.held_at <= held_before,
        ~of_use.exists(),
    )
    return list(session.scalars(found))


def of(session: Session, source_type: str, source_id: uuid.UUID) -> Hold | None:
    """What holds a source, or dropped it."""
    return session.get(Hold, (source_type, source_id), populate_existing=True)
