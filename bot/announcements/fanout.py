"""Fan-out: one row in the message ledger for every subscriber, in chunks, all in one transaction."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import insert, select, text, update
from sqlalchemy.orm import Session

from bot import jobs
from bot.announcements import pictures, report
from bot.announcements.hours import hours_of
from bot.announcements.models import Announcement
from bot.audience import service as audience
from bot.audience.models import Client
from bot.audience.queries import reachable
from bot.ids import uuid7
from bot.messaging import texts
from bot.messaging.jobs import MOST_SENDERS, send_bulk
from bot.messaging.models import Chunk
from bot.messaging.quiet import USEFUL_FOR, Hours
from bot.messaging.service import rows
from bot.messaging.statuses import LEFT, RANK, SKIPPED

#: Messages per chunk: about a tenth of a second of one worker's database work, well below a lease.
CHUNK_SIZE = 500

# A position in the audience decides the chunk. The key is idempotency_key("announcement", id, contact point).
# Somebody can be there twice: who left and joined again at once may, by the moments of their two texts, have
# joined again before they left.
INSERT_MESSAGES = text(
    """
    INSERT INTO message (
        id, channel, purpose, client_id, contact_point_id, sender_id, source_type, source_id, rendering_id,
        idempotency_key, chunk_id, position, status, rank, attempts, expires_at, created_at, updated_at)
    SELECT nudges_uuid7(), 'sms', 'announcement', :client_id, person.contact_point_id, :sender_id,
           'announcement', :announcement_id, rendering.id,
           md5('announcement:' || :announcement_text || ':' || person.contact_point_id)::uuid,
           (CAST(:chunk_ids AS uuid[]))[1 + person.position / :chunk_size], person.position,
           'pending', 0, 0, :expires_at, :now, :now
      FROM fan_out_audience AS person
      JOIN rendering ON rendering.source_type = 'announcement' AND rendering.source_id = :announcement_id
                    AND rendering.locale = person.locale
    ON CONFLICT (idempotency_key) DO NOTHING
    """
)

# Those who left after CONFIRM, before their row was there to be taken back, unless they follow again.
SKIP_THOSE_WHO_LEFT = text(
    """
    WITH skipped AS (
        UPDATE message
           SET status = :skipped, rank = :skipped_rank, skip_reason = :left, updated_at = :now
          FROM fan_out_audience AS person
          JOIN subscription ON subscription.id = person.subscription_id
         WHERE message.source_type = 'announcement' AND message.source_id = :announcement_id
           AND message.contact_point_id = person.contact_point_id AND subscription.left_at IS NOT NULL
           AND NOT EXISTS (SELECT FROM fan_out_audience AS twin
                             JOIN subscription AS again ON again.id = twin.subscription_id
                            WHERE twin.contact_point_id = person.contact_point_id AND again.left_at IS NULL)
     RETURNING message.id
    )
    INSERT INTO message_history (message_id, status, source, detail, at)
    SELECT id, :skipped, 'opt-out', :left, :now FROM skipped
    """
).bindparams(skipped=SKIPPED, skipped_rank=RANK[SKIPPED], left=LEFT)


def fan_out(session: Session, announcement_id: uuid.UUID, *, now: datetime) -> None:
    """Write the rows of a confirmed announcement and wake its senders. Done before, it does nothing.

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
        return
    hours = hours_of(session.get_one(Client, announcement.client_id), announcement)
    size = _gather_audience(session, announcement.client_id, announcement.confirmed_at)
    chunk_ids = [uuid7() for _ in range(0, size, CHUNK_SIZE)]
    if chunk_ids:
        session.execute(insert(Chunk), [_chunk(chunk_id, announcement, hours, now) for chunk_id in chunk_ids])
        written = session.execute(
            INSERT_MESSAGES,
            {
                "client_id": announcement.client_id,
                "sender_id": announcement.sender_id,
                "announcement_id": announcement_id,
                "announcement_text": str(announcement_id),
                "chunk_ids": [str(chunk_id) for chunk_id in chunk_ids],
                "chunk_size": CHUNK_SIZE,
                "expires_at": announcement.confirmed_at + USEFUL_FOR,
                "now": now,
            },
        )
        size = rows(written)
        # Only now, because writing a million rows takes a minute. Whoever leaves from here on waits for the
        # commit and takes their row back; whoever has left before is skipped here.
        audience.hold_audience(session, announcement.client_id)
        session.execute(SKIP_THOSE_WHO_LEFT, {"announcement_id": announcement_id, "now": now})
        for _ in chunk_ids[:MOST_SENDERS]:
            jobs.defer(session, jobs.BULK, send_bulk)
    session.execute(
        update(Announcement)
        .where(Announcement.id == announcement_id)
        .values(audience_size=size, fanned_out_at=now)
    )
    if size == 0:
        report.report_if_done(session, announcement_id, now=now)


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
    """Have the fan-out done after the commit, by the lane that broadcasts: it may take seconds."""
    from bot.announcements.jobs import fan_out as job

    jobs.defer(session, jobs.BULK, job, str(announcement_id))


def _has_its_pictures(session: Session, announcement: Announcement, now: datetime) -> bool:
    """Let the pictures go along when all are there. One that can't be sent stops the announcement."""
    going = pictures.of(session, announcement.id)
    if going.failure is not None:
        pictures.refuse(session, announcement, going.failure, now=now)
    elif going.count and not going.awaited:
        texts.send_along(session, source_type="announcement", source_id=announcement.id, media=going.names)
    return going.failure is None and not going.awaited


def _gather_audience(session: Session, client_id: uuid.UUID, at: datetime) -> int:
    """Number the audience in a table of this transaction: counted and written are then the same people."""
    people = reachable(client_id, at).subquery()
    numbered = select(
        people.c.contact_point_id,
        people.c.locale,
        people.c.subscription_id,
        text("row_number() OVER (ORDER BY subscription_id)::int - 1 AS position"),
    )
    compiled = numbered.compile(session.connection(), compile_kwargs={"literal_binds": False})
    session.connection().exec_driver_sql(
        f"CREATE TEMP TABLE fan_out_audience ON COMMIT DROP AS {compiled}",
        compiled.params,
    )
    session.execute(text("ANALYZE fan_out_audience"))
    return int(session.execute(text("SELECT count(*) FROM fan_out_audience")).scalar_one())


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
