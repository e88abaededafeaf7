"""Texts kept for clients: what subscribers say outside any conversation."""

from __future__ import annotations

import uuid

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bot.dialogue.models import Inbound


def keep_for(session: Session, provider_id: str, client_id: uuid.UUID) -> None:
    """Keep a text (by its MessageSid) for a client, once it is known for whom it was."""
    session.execute(update(Inbound).where(Inbound.provider_id == provider_id).values(client_id=client_id))


def find(session: Session, provider_id: str) -> Inbound | None:
    """The text of a MessageSid."""
    return session.scalar(select(Inbound).where(Inbound.provider_id == provider_id))
