"""Caps: how many segments a sender may send on one day, counted with the messages that use them.

Carriers cap a brand's texts per day; T-Mobile's begins anew at midnight, Pacific time (Twilio's error 30027).
What is over the cap waits for the next day, or expires before. The count is a row of its own, written in the
transaction that marks: counting a hundred thousand messages for every slice would take longer than sending
it. Replies to people's own texts are not counted, because they are not held back.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from bot.jobs import EXPRESS
from bot.messaging.models import Chunk, Sender, SenderDay
from bot.messaging.throttle import reserve

ZONE = ZoneInfo("America/Los_Angeles")


@dataclass(frozen=True)
class Room:
    """What is left of a sender's day: segments, and when the next day begins."""

    sender_id: uuid.UUID
    day: date
    segments: int
    until: datetime


def room(session: Session, chunk_id: uuid.UUID, *, now: datetime) -> Room | None:
    """What a chunk's sender may still send today; None when it has no cap.

    Whoever else asks waits until this transaction ends: it is about to use some of it. The express lane may
    use all of it, broadcasts leave it a part.
    """
    capped = session.execute(
        select(Sender.id, Sender.daily_cap, Chunk.lane)
        .join(Chunk, Chunk.sender_id == Sender.id)
        .where(Chunk.id == chunk_id, Sender.daily_cap.is_not(None))
    ).one_or_none()
    if capped is None:
        return None
    sender_id, cap, lane = capped
    assert cap is not None
    day = now.astimezone(ZONE).date()
    begun = upsert(SenderDay).values(sender_id=sender_id, day=day, segments=0)
    used = session.scalars(
        begun.on_conflict_do_update(
            index_elements=["sender_id", "day"], set_={"segments": SenderDay.segments}
        ).returning(SenderDay.segments)
    ).one()
    left = cap - used - (0 if lane == EXPRESS else reserve(cap))
    until = datetime.combine(day + timedelta(days=1), time(), ZONE)
    return Room(sender_id, day, max(0, left), until)


def use(session: Session, room: Room, segments: int) -> None:
    """Count what was marked."""
    session.execute(
        update(SenderDay)
        .where(SenderDay.sender_id == room.sender_id, SenderDay.day == room.day)
        .values(segments=SenderDay.segments + segments)
    )


_PUT_BACK = text("""
    UPDATE sender_day SET segments = sender_day.segments - unused.segments
    FROM (
        SELECT message.sender_id, (message.calling_at AT TIME ZONE :zone)::date AS day,
            sum(rendering.segments) AS segments
        FROM message JOIN rendering ON rendering.id = message.rendering_id
        WHERE message.id = ANY(CAST(:ids AS uuid[]))
        GROUP BY 1, 2
    ) AS unused
    WHERE sender_day.sender_id = unused.sender_id AND sender_day.day = unused.day
""").bindparams(zone=ZONE.key)


def put_back(session: Session, message_ids: Sequence[uuid.UUID]) -> None:
    """Count calls no more that were never processed."""
    if message_ids:
        session.execute(_PUT_BACK, {"ids": [str(each) for each in message_ids]})


def used_today(session: Session, sender_id: uuid.UUID, *, now: datetime) -> int:
    """How many segments of its cap a sender has used today."""
    day = now.astimezone(ZONE).date()
    return (
        session.scalar(
            select(SenderDay.segments).where(SenderDay.sender_id == sender_id, SenderDay.day == day)
        )
        or 0
    )
