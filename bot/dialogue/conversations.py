"""Where each conversation stands, and the questions open beside it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, bindparam, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from bot.audience.models import Person
from bot.dialogue.models import Conversation, Prompt
from bot.dialogue.turn import Question
from bot.ids import uuid7
from bot.messaging.models import ContactPoint, OptOut

# Made once: putting a statement together costs as much as having it executed.
_LOCK = (
    select(Conversation)
    .where(
        Conversation.contact_point_id == bindparam("contact_point_id"),
        Conversation.sender_id == bindparam("sender_id"),
    )
    .with_for_update()
    .execution_options(populate_existing=True)
)
_OPEN_PROMPTS = (
    select(Prompt)
    .where(
        Prompt.contact_point_id == bindparam("contact_point_id"),
        Prompt.sender_id == bindparam("sender_id"),
        Prompt.closed_at.is_(None),
        Prompt.expires_at > bindparam("now"),
    )
    .order_by(Prompt.id.desc())
)


_STANDING = (
    select(Person.locale, OptOut, _OPEN_PROMPTS.order_by(None).exists())
    .outerjoin(
        OptOut,
        and_(
            OptOut.contact_point_id == bindparam("contact_point_id"),
            OptOut.sender_id == bindparam("sender_id"),
            OptOut.lifted_at.is_(None),
        ),
    )
    .where(Person.id == bindparam("person_id"))
)


@dataclass(frozen=True)
class Standing:
    """The language that somebody has chosen, the STOP that stands, and whether a question does."""

    locale: str | None
    opt_out: OptOut | None
    has_questions: bool


def lock(
    session: Session, contact_point_id: uuid.UUID, sender_id: uuid.UUID, *, now: datetime
) -> Conversation:
    """The conversation with one phone on one sender, locked until the turn ends: one text after another."""
    key = {"contact_point_id": contact_point_id, "sender_id": sender_id}
    known = session.scalar(_LOCK, key)
    if known is not None:
        return known
    session.execute(upsert(Conversation).values(**key, updated_at=now).on_conflict_do_nothing())
    return session.scalars(_LOCK, key).one()


def standing(
    session: Session, contact_point: ContactPoint, sender_id: uuid.UUID, *, now: datetime
) -> Standing:
    """How somebody stands on a sender; asked after the lock, it knows what the turn before has done."""
    locale, opt_out, questions = session.execute(
        _STANDING,
        {
            "person_id": contact_point.person_id,
            "contact_point_id": contact_point.id,
            "sender_id": sender_id,
            "now": now,
        },
    ).one()
    return Standing(locale, opt_out, questions)


def end(conversation: Conversation, *, now: datetime) -> None:
    """Nothing is going on any more."""
    conversation.flow = conversation.state = conversation.memory = conversation.expires_at = None
    conversation.updated_at = now


def open_prompts(session: Session, conversation: Conversation, *, now: datetime) -> Sequence[Prompt]:
    """The questions that still wait for an answer, the latest first."""
    return session.scalars(
        _OPEN_PROMPTS,
        {
            "contact_point_id": conversation.contact_point_id,
            "sender_id": conversation.sender_id,
            "now": now,
        },
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


def close_expired_prompts(session: Session, *, now: datetime) -> None:
    """Close every question whose time is over; it would not be heard any more anyway."""
    session.execute(
        update(Prompt).where(Prompt.closed_at.is_(None), Prompt.expires_at <= now).values(closed_at=now)
    )


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
