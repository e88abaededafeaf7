"""Chunks: leasing a few hundred messages, marking those that are called now, and giving the rest back."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

import structlog
from sqlalchemy import ColumnElement, Row, Table, func, or_, select, true
from sqlalchemy.orm import Session

from bot import claims
from bot.claims import Lease
from bot.config import settings
from bot.crypto import UnknownKeyVersion, Unreadable, keyring
from bot.media.service import address
from bot.messaging import caps, places, steps, unknowns
from bot.messaging.marking import MARK
from bot.messaging.models import Chunk, Hold, Message, Sender
from bot.messaging.places import Openings
from bot.messaging.statuses import CALLING, FAILED, PENDING, RANK
from bot.messaging.steps import Step

CHUNK = cast(Table, Chunk.__table__)

#: A message whose key is not listed is tried again after this long: the operator may list it again.
WITHOUT_KEY_SECONDS = 300.0

#: More segments than any slice has.
UNLIMITED = 2**31 - 1

log = structlog.get_logger()


@dataclass(frozen=True)
class LeasedChunk:
    """A chunk that is ours for now: whose it is, and the sender its texts come from (``MG…`` or E.164)."""

    lease: Lease
    sender_id: uuid.UUID
    sender: str
    client_id: uuid.UUID | None


@dataclass(frozen=True)
class DueSender:
    """A sender that has something to send; no rate is as fast as Twilio takes it."""

    id: uuid.UUID
    segments_per_second: int | None


@dataclass(frozen=True)
class Call:
    """One message marked as being called.

    :param attempt: the how-manieth call of this message it is.
    """

    message_id: uuid.UUID
    attempt: int
    to: str
    body: str
    expires_at: datetime | None
    media: tuple[str, ...] = ()  # URLs


@dataclass(frozen=True)
class Slice:
    """What was marked in one go: the calls to make, and how many messages must or can not be called."""

    calls: list[Call]
    not_called: int
    segments: int  # of the calls


def take(
    session: Session,
    lane: str,
    *,
    now: datetime,
    sender_id: uuid.UUID | None = None,
    after: uuid.UUID | None = None,
) -> LeasedChunk | None:
    """Lease a chunk of this lane that is due; None when there is none.

    When its last holder never gave it back, the messages which that one was calling become unknown: they may
    have been sent. Those it had not touched are sent now.

    :param sender_id: of this sender only.
    :param after: the client whose turn it was last: the next one's comes first, and after the last's the
        first's.
    """
    conditions = _due(lane, now=now)
    if sender_id is not None:
        conditions.append(CHUNK.c.sender_id == sender_id)
    lease = None
    for beginning in [CHUNK.c.client_id > after, true()] if after else [true()]:
        lease = lease or claims.take(
            session,
            CHUNK,
            *conditions,
            beginning,
            order_by=(CHUNK.c.sender_id, CHUNK.c.client_id.nulls_first(), CHUNK.c.not_before, CHUNK.c.id),
            seconds=settings().lease_seconds,
        )
    if lease is None:
        return None
    if lease.taken_over:
        unknowns.give_up_calls(session, lease.id, now=now)
    whose = session.execute(
        select(Sender.id, Sender.provider_id, Chunk.client_id)
        .join(Chunk, Chunk.sender_id == Sender.id)
        .where(Chunk.id == lease.id)
    ).one()
    return LeasedChunk(lease, *whose)


def mark(session: Session, lease: Lease, *, most: int, now: datetime, allowance: int | None = None) -> Slice:
    """Mark up to ``most`` due messages of a leased chunk as being called, and renew the lease.

    Those that may not be called any more (opted out, erased, suppressed, left, cancelled, expired) are
    skipped with the reason; those that must wait (a respite, quiet hours, a cap) stay pending until then,
    those of a paused sender until they expire; one that can't be read fails by itself alone. Rows that a STOP
    is taking back at this moment are passed over, and so is a whole chunk that is held. An empty slice:
    nothing is due.

    :param allowance: how many segments may be sent; the last text may be longer than what is left of it.
    :raises LeaseLost: somebody else has the chunk; nothing is marked.
    """
    claims.renew(session, CHUNK, lease, seconds=settings().lease_seconds)
    openings = places.openings_of_chunk(session, lease.id, now=now)
    room = caps.room(session, lease.id, now=now)
    limits = {
        "allowance": UNLIMITED if allowance is None else allowance,
        "room": UNLIMITED if room is None else room.segments,
        "next_day": now if room is None else room.until,
    }
    rows = session.execute(
        MARK, openings.parameters() | limits | {"chunk_id": lease.id, "most": most, "now": now}
    ).all()
    marked = [row for row in rows if row.status == CALLING]
    segments = sum(row.segments for row in marked)
    if room is not None:
        caps.use(session, room, segments)
    calls, unreadable = _read(marked, openings, now=now)
    if unreadable:
        first = unreadable[0]
        log.error(
            "messages_unreadable",
            chunk_id=str(lease.id),
            count=len(unreadable),
            first=str(first.message_id),
            error=first.detail,
        )
        steps.take(session, unreadable, now=now)
    return Slice(calls, len(rows) - len(calls), segments)


def renew(session: Session, lease: Lease) -> None:
    """Keep a chunk for another ``LEASE_SECONDS``.

    :raises LeaseLost: somebody else has it.
    """
    claims.renew(session, CHUNK, lease, seconds=settings().lease_seconds)


def put_down(session: Session, lease: Lease, *, now: datetime) -> None:
    """Give a chunk back, once every call is on record: finished, or due when its next message is.

    :raises LeaseLost: somebody else has it.
    """
    claims.renew(session, CHUNK, lease, seconds=settings().lease_seconds)
    left, next_attempt_at = session.execute(
        select(func.count(), func.min(func.coalesce(Message.next_attempt_at, now))).where(
            Message.chunk_id == lease.id, Message.rank <= RANK[CALLING]
        )
    ).one()
    source_type, source_id, client_id = session.execute(
        select(Chunk.source_type, Chunk.source_id, Chunk.client_id).where(Chunk.id == lease.id)
    ).one()
    if left:
        hold = session.get(Hold, (source_type, source_id), populate_existing=True)
        is_dropped = hold is not None and hold.dropped_at is not None  # while we had it: nothing waits then
        not_before = now if is_dropped else max(next_attempt_at, now)
        claims.give_back(session, CHUNK, lease, not_before=not_before)
        return
    claims.give_back(session, CHUNK, lease, finished_at=now)
    steps.announce_settled(session, {(source_type, source_id): client_id}, now=now)


def leasable(session: Session, lane: str, *, most: int, now: datetime) -> int:
    """How many chunks of a lane could be leased now, counted up to ``most``."""
    found = select(Chunk.id).where(*_due(lane, now=now), claims.free(CHUNK)).limit(most).subquery()
    return session.scalar(select(func.count()).select_from(found)) or 0


def is_paused() -> ColumnElement[bool]:
    """Whether a chunk waits for somebody: its owner paused it, or its sender is to be put right first."""
    return or_(_held(), CHUNK.c.sender_id.in_(select(Sender.id).where(Sender.paused_at.is_not(None))))


def due_senders(session: Session, lane: str, *, now: datetime) -> Sequence[DueSender]:
    """The senders for which a chunk of this lane can be leased now, in an order that stays."""
    chunk = select(Chunk.id).where(Chunk.sender_id == Sender.id, *_due(lane, now=now), claims.free(CHUNK))
    found = session.execute(
        select(Sender.id, Sender.segments_per_second).where(chunk.exists()).order_by(Sender.id)
    )
    return [DueSender(*row) for row in found]


def _due(lane: str, *, now: datetime) -> list[ColumnElement[bool]]:
    return [
        CHUNK.c.finished_at.is_(None),
        CHUNK.c.lane == lane,
        CHUNK.c.not_before <= now,
        _may_be_worked(now),
        ~_held(),
    ]


def _may_be_worked(now: datetime) -> ColumnElement[bool]:
    """The condition that a chunk's sender is not paused, or that it has texts to skip: expired or dropped."""
    paused = select(Sender.id).where(Sender.paused_at.is_not(None))
    expired = select(Message.id).where(
        Message.chunk_id == CHUNK.c.id, Message.rank == RANK[PENDING], Message.expires_at <= now
    )
    return or_(CHUNK.c.sender_id.not_in(paused), expired.exists(), _hold(Hold.dropped_at.is_not(None)))


def _held() -> ColumnElement[bool]:
    """Whether a chunk's texts wait to be released. What was dropped is worked: its messages are skipped."""
    return _hold(Hold.dropped_at.is_(None))


def _hold(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    of_its_source = select(Hold.source_id).where(
        Hold.source_type == CHUNK.c.source_type, Hold.source_id == CHUNK.c.source_id, condition
    )
    return of_its_source.exists()


def _read(marked: Iterable[Row[Any]], openings: Openings, *, now: datetime) -> tuple[list[Call], list[Step]]:
    """Decrypt what was marked: the calls to make, and the steps that those take which can't be read.

    One that is damaged never will be. One whose key is not listed waits: the operator may list it again.
    """
    calls: list[Call] = []
    unreadable: list[Step] = []
    for row in marked:
        try:
            to, body = keyring().decrypt(bytes(row.address)), keyring().decrypt(bytes(row.body))
        except UnknownKeyVersion as error:
            waits = {"attempt": row.attempts, "retry_in": WITHOUT_KEY_SECONDS}
            unreadable.append(Step(row.id, PENDING, "send", now, detail=str(error), **waits))
        except Unreadable as error:
            unreadable.append(Step(row.id, FAILED, "send", now, detail=str(error)))
        else:
            media = tuple(map(address, row.media))
            expires_at = openings.ends(row.place, row.expires_at)
            calls.append(Call(row.id, row.attempts, to, body, expires_at, media))
    return calls, unreadable
