"""Fan-out: one row in the message ledger for every subscriber, in chunks, some thousands in a transaction.

So sending begins while the rest is being written, nobody waits for a million rows, and a crash costs little.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    Text,
    Uuid,
    and_,
    cast,
    func,
    insert,
    literal,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session, aliased

from bot import jobs
from bot.announcements import pictures, report
from bot.announcements.hours import hours_of
from bot.announcements.models import Announcement
from bot.audience import service as audience
from bot.audience.models import Client, Subscription
from bot.audience.queries import reachable
from bot.ids import uuid7
from bot.messaging import queries as messaging
from bot.messaging import service, texts
from bot.messaging.jobs import wake_senders
from bot.messaging.models import Chunk, ContactPoint, Message, Rendering
from bot.messaging.quiet import USEFUL_FOR, Hours
from bot.messaging.statuses import LEFT, PENDING, RANK

#: Messages per chunk: about a tenth of a second of one worker's database work, well below a lease.
CHUNK_SIZE = 500

#: Subscribers that are looked at in one transaction: a few tenths of a second.
BLOCK_SIZE = 20 * CHUNK_SIZE

#: Who texted LEAVE before CONFIRM may have been heard only after it, by this much at most.
LEAVING_TAKES = timedelta(hours=1)


def fan_out(session: Session, announcement_id: uuid.UUID, *, now: datetime) -> bool:
    """Write a block of the rows of a confirmed announcement, and wake its senders; whether more are to come.

    It goes on where the last block ended, so a crash costs one block at most; done before, it does nothing.
    It also does nothing while pictures are awaited; their coming brings it here again.
    """
    announcement = session.scalars(
        select(Announcement).where(Announcement.id == announcement_id).with_for_update()
    ).one()
    if (
        announcement.fanned_out_at is not None
        or announcement.confirmed_at is None
        or announcement.status != "confirmed"
        or not _has_its_pictures(session, announcement, now)
    ):
        return False
    # A block finds some thousand people by their ids. The planner, thinking of turning disks, would rather
    # read everybody, once for each block.
    session.execute(text("SET LOCAL random_page_cost = 1.1"))
    last = _end_of_block(session, announcement)
    chunk_ids = _write(session, announcement, announcement.confirmed_at, last, now)
    if chunk_ids:
        # Whoever leaves from here on waits for the commit and takes their row back; whoever has left before
        # is skipped here.
        audience.hold_audience(session, announcement.client_id)
        _skip_those_who_left(session, announcement, announcement.confirmed_at, last, now)
        wake_senders(session, now=now)
    if last is not None:
        announcement.fanned_out_to = last
        session.flush()
        return True
    announcement.fanned_out_at = now
    announcement.audience_size = messaging.ledger(session, "announcement", announcement_id).total
    session.flush()
    if not chunk_ids:
        report.report_if_done(session, announcement_id, now=now)
    return False


def go_on(session: Session, announcement_id: uuid.UUID, *, now: datetime) -> None:
    """Go on with an announcement of which a picture has come, or has been refused."""
    announcement = session.scalars(
        select(Announcement).where(Announcement.id == announcement_id).with_for_update()
    ).one()
    if announcement.fanned_out_at is not None or announcement.status == "discarded":
        return
    going = pictures.of(session, announcement_id)
    if going.failure is not None:
        pictures.refuse(session, announcement, going.failure, now=now)
    elif announcement.status == "confirmed" and not going.awaited:
        defer_fan_out(session, announcement_id)


def defer_fan_out(session: Session, announcement_id: uuid.UUID) -> None:
    """Have the fan-out done after the commit; not in the lane that broadcasts, to wait behind others'."""
    from bot.announcements.jobs import fan_out as job

    jobs.defer(session, jobs.DEFAULT, job, str(announcement_id))


def _has_its_pictures(session: Session, announcement: Announcement, now: datetime) -> bool:
    """Let the pictures go along when all are there. One that can't be sent stops the announcement."""
    going = pictures.of(session, announcement.id)
    if going.failure is not None:
        pictures.refuse(session, announcement, going.failure, now=now)
    elif going.count and not going.awaited:
        texts.send_along(session, source_type="announcement", source_id=announcement.id, media=going.names)
    return going.failure is None and not going.awaited


def _end_of_block(session: Session, announcement: Announcement) -> uuid.UUID | None:
    """The last subscription of the block to write; None when it is the last block."""
    subscriptions = select(Subscription.id).where(*_in_block(announcement, None))
    return session.scalar(subscriptions.order_by(Subscription.id).offset(BLOCK_SIZE - 1).limit(1))


def _write(
    session: Session, announcement: Announcement, at: datetime, last: uuid.UUID | None, now: datetime
) -> list[uuid.UUID]:
    """Write a block's chunks and messages, in one statement so that all are the same people; its chunks' ids.

    A position in the audience decides the chunk. Somebody can be there twice: who left and joined again at
    once may, by the moments of their two texts, have joined again before they left.
    """
    chunk_ids = [uuid7() for _ in range(0, BLOCK_SIZE, CHUNK_SIZE)]
    block = reachable(announcement.client_id, at).where(*_in_block(announcement, last)).subquery()
    place = cast(func.row_number().over(order_by=block.c.subscription_id), Integer) - 1
    person = select(block, place.label("place")).cte("person").prefix_with("MATERIALIZED")
    rendering = and_(
        Rendering.source_type == "announcement",
        Rendering.source_id == announcement.id,
        Rendering.locale == person.c.locale,
    )
    # bot/ids.py: idempotency_key("announcement", id, contact point)
    key = func.md5(f"announcement:{announcement.id}:" + cast(person.c.contact_point_id, Text))
    columns: dict[str, Any] = {
        "id": func.nudges_uuid7(),
        "channel": literal("sms"),
        "purpose": literal("announcement"),
        "client_id": literal(announcement.client_id),
        "contact_point_id": person.c.contact_point_id,
        "sender_id": literal(announcement.sender_id),
        "source_type": literal("announcement"),
        "source_id": literal(announcement.id),
        "rendering_id": Rendering.id,
        "idempotency_key": cast(key, Uuid),
        "chunk_id": text("(CAST(:chunk_ids AS uuid[]))[1 + person.place / :size]").bindparams(
            chunk_ids=[str(chunk_id) for chunk_id in chunk_ids], size=CHUNK_SIZE
        ),
        "position": announcement.fanned_out_count + person.c.place,
        "status": literal(PENDING),
        "rank": literal(RANK[PENDING]),
        "attempts": literal(0),
        "expires_at": literal(at + USEFUL_FOR),
        "created_at": literal(now),
        "updated_at": literal(now),
    }
    written = (
        upsert(Message)
        .from_select(list(columns), select(*columns.values()).select_from(person).join(Rendering, rendering))
        .on_conflict_do_nothing(index_elements=["idempotency_key"])
        .returning(Message.chunk_id)
        .cte("written")
    )
    people = session.scalars(
        select(select(func.count()).select_from(person).scalar_subquery()).add_cte(written)
    ).one()
    announcement.fanned_out_count += people
    used = chunk_ids[: -(-people // CHUNK_SIZE)]
    if used:
        hours = hours_of(session.get_one(Client, announcement.client_id), announcement)
        session.execute(insert(Chunk), [_chunk(chunk_id, announcement, hours, now) for chunk_id in used])
    return used


def _skip_those_who_left(
    session: Session, announcement: Announcement, at: datetime, last: uuid.UUID | None, now: datetime
) -> None:
    """Take back what is for those who left before their row was there, unless they follow again."""
    again = aliased(Subscription)
    follows_again = select(again.id).where(
        again.person_id == Subscription.person_id,
        again.client_id == Subscription.client_id,
        again.joined_at <= at,
        again.left_at.is_(None),
    )
    left = session.scalars(
        select(ContactPoint.id)
        .join(Subscription, Subscription.person_id == ContactPoint.person_id)
        .where(
            *_in_block(announcement, last), Subscription.left_at > at - LEAVING_TAKES, ~follows_again.exists()
        )
    )
    for contact_point_id in left.all():
        service.skip_pending(
            session,
            contact_point_id=contact_point_id,
            client_id=announcement.client_id,
            reason=LEFT,
            now=now,
        )


def _in_block(announcement: Announcement, last: uuid.UUID | None) -> list[ColumnElement[bool]]:
    after = announcement.fanned_out_to
    conditions = [Subscription.client_id == announcement.client_id]
    if after is not None:
        conditions.append(Subscription.id > after)
    if last is not None:
        conditions.append(Subscription.id <= last)
    return conditions


def _chunk(
    chunk_id: uuid.UUID, announcement: Announcement, hours: Hours | None, now: datetime
) -> dict[str, object]:
    return {
        "id": chunk_id,
        "lane": jobs.BULK,
        "sender_id": announcement.sender_id,
        "client_id": announcement.client_id,
        "source_type": "announcement",
        "source_id": announcement.id,
        "hours": None if hours is None else str(hours),
        "not_before": now,
        "created_at": now,
    }
