"""Batches: texts to several people at once, each in words of their own or of their language."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import insert
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from bot import jobs
from bot.ids import uuid7
from bot.messaging import statuses
from bot.messaging.models import Chunk, Message
from bot.messaging.quiet import Hours
from bot.messaging.service import rows
from bot.messaging.texts import freeze_rendering


@dataclass(frozen=True)
class Item:
    """A text to one contact point. The same key is the same text, however often it is queued."""

    contact_point_id: uuid.UUID
    locale: str
    text: str
    idempotency_key: uuid.UUID


def queue_batch(
    session: Session,
    items: Sequence[Item],
    *,
    purpose: str,
    client_id: uuid.UUID,
    sender_id: uuid.UUID,
    source: tuple[str, uuid.UUID],
    hours: Hours | None,
    useful_for: timedelta,
    now: datetime,
) -> int:
    """Queue texts with the broadcasts, as one chunk; returns how many were not queued before.

    :param source: its type and id; a batch has one of its own.
    :param hours: the client's, where the texts keep to quiet hours.
    """
    from bot.messaging.jobs import send_bulk

    if not items:
        return 0
    chunk_id = uuid7()
    session.execute(
        insert(Chunk).values(
            id=chunk_id,
            lane=jobs.BULK,
            sender_id=sender_id,
            client_id=client_id,
            source_type=source[0],
            source_id=source[1],
            hours=None if hours is None else str(hours),
            not_before=now,
            created_at=now,
        )
    )
    texts = list(dict.fromkeys((item.locale, item.text) for item in items))
    renderings = {
        (locale, text): freeze_rendering(
            session, source_type=source[0], source_id=source[1], locale=locale, text=text, part=part
        )
        for part, (locale, text) in enumerate(texts)
    }
    written = session.execute(
        upsert(Message)
        .values(
            [
                {
                    "id": uuid7(),
                    "channel": "sms",
                    "purpose": purpose,
                    "client_id": client_id,
                    "contact_point_id": item.contact_point_id,
                    "sender_id": sender_id,
                    "source_type": source[0],
                    "source_id": source[1],
                    "rendering_id": renderings[item.locale, item.text],
                    "idempotency_key": item.idempotency_key,
                    "chunk_id": chunk_id,
                    "position": position,
                    "status": statuses.PENDING,
                    "rank": statuses.RANK[statuses.PENDING],
                    "attempts": 0,
                    "expires_at": now + useful_for,
                    "created_at": now,
                    "updated_at": now,
                }
                for position, item in enumerate(items)
            ]
        )
        .on_conflict_do_nothing(index_elements=["idempotency_key"])
    )
    jobs.defer(session, jobs.BULK, send_bulk)
    return rows(written)
