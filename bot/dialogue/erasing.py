"""What the dialogue forgets of somebody: what they texted, and where the talk with them stands."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bot.dialogue.models import Conversation, Inbound, Prompt
from bot.media import service as media


def hold_talk(session: Session, contact_point_id: uuid.UUID) -> None:
    """Let a text that is being answered be answered first, and the next wait until the transaction ends."""
    session.execute(
        select(Conversation.sender_id)
        .where(Conversation.contact_point_id == contact_point_id)
        .order_by(Conversation.sender_id)
        .with_for_update()
    )


def erase(session: Session, contact_point_id: uuid.UUID, *, now: datetime) -> int:
    """Forget everything that was texted to us from here, and its files; gives how many texts there were.

    The rows stay without words: the same text, come again, must still be known (its MessageSid).
    """
    texts = session.scalars(
        update(Inbound)
        .where(Inbound.contact_point_id == contact_point_id)
        .values(body="")
        .returning(Inbound.id)
        .execution_options(synchronize_session=False)
    ).all()
    media.forget(session, "inbound", texts)
    session.execute(
        update(Conversation)
        .where(Conversation.contact_point_id == contact_point_id)
        .values(flow=None, state=None, memory=None, expires_at=None, updated_at=now)
    )
    session.execute(update(Prompt).where(Prompt.contact_point_id == contact_point_id).values(memory=None))
    session.execute(
        update(Prompt)
        .where(Prompt.contact_point_id == contact_point_id, Prompt.closed_at.is_(None))
        .values(closed_at=now)
    )
    return len(texts)
