"""Where each conversation stands, and the questions open beside it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from bot.dialogue.models import Conversation, Prompt
from bot.dialogue.turn import Question
from bot.ids import uuid7


def lock(
    session: Session, contact_point_id: uuid.UUID, sender_id: uuid.UUID, *, now: datetime
) -> Conversation:
    """The conversation with one phone on one sender, locked until the turn ends: one text after another."""
    session.execute(
        upsert(Conversation)
        .values(contact_point_id=contact_point_id, sender_id=sender_id, updated_at=now)
        .on_conflict_do_nothing()
    )
    return session.scalars(
        select(Conversation)
        .where(Conversation.contact_point_id == contact_point_id, Conversation.sender_id == sender_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()


def end(conversation: Conversation, *, now: datetime) -> None:
    """Nothing is going on any more."""
    conversation.flow = conversation.state = conversation.memory = conversation.expires_at = None
    conversation.updated_at = now


def open_prompts(session: Session, conversation: Conversation, *, now: datetime) -> Sequence[Prompt]:
    """The questions that still wait for an answer, the latest first."""
    return session.scalars(
        select(Prompt)
        .where(
            Prompt.contact_point_id == conversation.contact_point_id,
            Prompt.sender_id == conversation.sender_id,
            Prompt.closed_at.is_(None),
            Prompt.expires_at > now,
        )
        .order_by(Prompt.id.desc())
    ).all()


def close_prompts(
    session: Session,
    conversation: Conversation,
    *,
    now: datetime,
    flow: str | None = None,
    question: str = "",
) -> None:
    """Take back open questions: all of them, or those of one name."""
    query = update(Prompt).where(
        Prompt.contact_point_id == conversation.contact_point_id,
        Prompt.sender_id == conversation.sender_id,
        Prompt.closed_at.is_(None),
    )
    if flow is not None:
        query = query.where(Prompt.flow == flow, Prompt.question == question)
    session.execute(query.values(closed_at=now))


def open_prompt(
    session: Session, conversation: Conversation, flow: str, question: Question, *, now: datetime
) -> None:
    """Let a question wait for its answer, in the place of an earlier one of the same name."""
    close_prompts(session, conversation, now=now, flow=flow, question=question.name)
    session.add(
        Prompt(
            id=uuid7(),
            contact_point_id=conversation.contact_point_id,
            sender_id=conversation.sender_id,
            flow=flow,
            question=question.name,
            memory=question.memory,
            asked_at=now,
            expires_at=question.expires_at,
        )
    )
