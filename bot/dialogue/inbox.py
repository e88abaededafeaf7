"""Texts kept for clients: what subscribers say outside any conversation."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bot.dialogue.models import Inbound


def keep_for(session: Session, provider_id: str, client_id: uuid.UUID) -> None:
    """Keep a text (by its MessageSid) for a client, once it is known for whom it was."""
    session.execute(update(Inbound).where(Inbound.provider_id == provider_id).values(client_id=client_id))


def latest_from(session: Session, contact_point_id: uuid.UUID, *, most: int) -> Sequence[Inbound]:
    """The newest texts from a contact point, the newest first."""
    return session.scalars(
        select(Inbound)
        .where(Inbound.contact_point_id == contact_point_id)
        .order_by(Inbound.id.desc())
        .limit(most)
    ).all()


def find(session: Session, provider_id: str) -> Inbound | None:
    """The text of a MessageSid."""
    return session.scalar(select(Inbound).where(Inbound.provider_id == provider_id))
