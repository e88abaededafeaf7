"""Unknowns: messages that were called and whose answer never came, so that Twilio may have them or not."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import insert, literal, select, update
from sqlalchemy.orm import Session

from bot.messaging.models import Message, MessageHistory
from bot.messaging.statuses import CALLING, RANK, UNKNOWN


def give_up_calls(session: Session, chunk_id: uuid.UUID, *, now: datetime) -> None:
    """Whatever of this chunk was being called by a process that is gone is unknown from now on."""
    given_up = (
        update(Message)
        .where(Message.chunk_id == chunk_id, Message.rank == RANK[CALLING])
        .values(status=UNKNOWN, rank=RANK[UNKNOWN], updated_at=now)
        .returning(Message.id)
        .cte("given_up")
    )
    session.execute(
        insert(MessageHistory).from_select(
            ["message_id", "status", "source", "detail", "at"],
            select(
                given_up.c.id, literal(UNKNOWN), literal("send"), literal("the lease ran out"), literal(now)
            ),
        )
    )
