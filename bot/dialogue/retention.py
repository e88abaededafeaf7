"""What the dialogue forgets when it is old: what people texted, and what it remembered of a talk."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import ColumnElement, select, tuple_, update
from sqlalchemy.orm import Session

from bot.dialogue.models import Conversation, Inbound, Prompt
from bot.ids import lowest_id_at
from bot.messaging.service import rows


def redact(session: Session, before: datetime, *, most: int, now: datetime) -> int:
    """Take the words from what was texted before a moment; gives from how many rows, 0 when none is left.

    The rows stay: the same text, come again, must still be known (its MessageSid). Rows that somebody holds
    are passed over.
    """
    oldest = lowest_id_at(before)
    return (
        _redact_texts(session, oldest, most=most, now=now)
        + _end_conversations(session, before, most=most, now=now)
        + _forget_questions(session, oldest, most=most)
    )


def _redact_texts(session: Session, before: uuid.UUID, *, most: int, now: datetime) -> int:
    old = (
        select(Inbound.id)
        .where(Inbound.redacted_at.is_(None), Inbound.id < before)
        .order_by(Inbound.id)
        .limit(most)
        .with_for_update(skip_locked=True, key_share=True)
    )
    return rows(
        session.execute(
            update(Inbound)
            .where(Inbound.id.in_(session.scalars(old).all()))
            .values(body="", redacted_at=now)
            .execution_options(synchronize_session=False)
        )
    )


def _end_conversations(session: Session, before: datetime, *, most: int, now: datetime) -> int:
    """End what was begun and never finished: whoever comes back after so long begins anew."""
    key = tuple_(Conversation.contact_point_id, Conversation.sender_id)
    old = (
        select(Conversation.contact_point_id, Conversation.sender_id)
        .where(Conversation.flow.is_not(None), Conversation.expires_at < before)
        .order_by(Conversation.expires_at)
        .limit(most)
        .with_for_update(skip_locked=True, key_share=True)
    )
    found = [tuple(row) for row in session.execute(old)]
    is_old: ColumnElement[bool] = key.in_(found)
    return rows(
        session.execute(
            update(Conversation)
            .where(is_old)
            .values(flow=None, state=None, memory=None, expires_at=None, updated_at=now)
            .execution_options(synchronize_session=False)
        )
    )


def _forget_questions(session: Session, before: uuid.UUID, *, most: int) -> int:
    """Forget what questions remembered for their answer; one that stands open for so long has expired."""
    old = (
        select(Prompt.id)
        .where(Prompt.memory.is_not(None), Prompt.closed_at.is_not(None), Prompt.id < before)
        .order_by(Prompt.id)
        .limit(most)
        .with_for_update(skip_locked=True, key_share=True)
    )
    return rows(
        session.execute(
            update(Prompt)
            .where(Prompt.id.in_(session.scalars(old).all()))
            .values(memory=None)
            .execution_options(synchronize_session=False)
        )
    )
