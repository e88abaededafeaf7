"""Backlog: what of messaging waits, and since when.

Every read goes by an index of what waits, so it costs by that and not by the size of the ledger.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot import claims
from bot.messaging.chunks import CHUNK, is_paused
from bot.messaging.models import Chunk, Message, Receipt, Sender
from bot.messaging.statuses import RANK, UNKNOWN


@dataclass(frozen=True)
class Waiting:
    """How much waits, and since when the first of it does."""

    count: int = 0
    since: datetime | None = None


@dataclass(frozen=True)
class Lane:
    """The chunks of a lane that are due: those that wait for a worker, and how the others are."""

    waiting: Waiting = Waiting()
    held: int = 0
    paused: int = 0  # by the owner, or with their sender
    abandoned: int = 0  # leased by a process that is gone, or lost the database


def lanes(session: Session, *, now: datetime) -> dict[str, Lane]:
    """What is due in each lane that has anything."""
    waits = Chunk.lease_token.is_(None) & ~is_paused()
    leased = Chunk.lease_token.is_not(None)
    found = session.execute(
        select(
            Chunk.lane,
            func.count().filter(waits),
            func.min(Chunk.not_before).filter(waits),
            func.count().filter(leased, ~claims.free(CHUNK)),
            func.count().filter(~leased, is_paused()),
            func.count().filter(leased, claims.free(CHUNK)),
        )
        .where(Chunk.finished_at.is_(None), Chunk.not_before <= now)
        .group_by(Chunk.lane)
    )
    return {lane: Lane(Waiting(count, since), *states) for lane, count, since, *states in found}


def paused_senders(session: Session) -> list[Sender]:
    """The senders that send nothing until somebody has put something right."""
    return list(session.scalars(select(Sender).where(Sender.paused_at.is_not(None))))


def receipts(session: Session) -> Waiting:
    """The receipts that are not applied yet; the inbox holds no others."""
    count = session.scalar(select(func.count()).select_from(Receipt)) or 0
    oldest = session.scalar(select(Receipt.received_at).order_by(Receipt.id).limit(1))
    return Waiting(count, oldest)


def unknowns(session: Session) -> Waiting:
    """The messages that may have been sent or not, by a partial index of just those."""
    count, since = session.execute(
        select(func.count(), func.min(Message.updated_at)).where(Message.rank == RANK[UNKNOWN])
    ).one()
    return Waiting(count, since)
