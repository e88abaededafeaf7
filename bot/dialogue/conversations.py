"""Where each conversation stands, and the questions open beside it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Table, and_, bindparam, exists, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from bot.audience.models import Person
from bot.dialogue.models import Conversation, Inbound, Prompt
from bot.dialogue.turn import Question
from bot.ids import uuid7
from bot.messaging.models import ContactPoint, OptOut, Respite

_INBOUND, _CONVERSATION = cast(Table, Inbound.__table__), cast(Table, Conversation.__table__)
_INBOUND_COLUMNS = (
    "id provider_id contact_point_id sender_id body media_count opt_out_type outcome received_at"
).split()

# All made once: putting a statement together costs as much as having it executed.
_KEPT = (
    upsert(_INBOUND)
    .values({name: bindparam(f"inbound_{name}") for name in _INBOUND_COLUMNS})
    .on_conflict_do_nothing(index_elements=["provider_id"])
    .returning(_INBOUND.c.contact_point_id, _INBOUND.c.sender_id, _INBOUND.c.received_at)
    .cte("kept")
)
# An update that changes nothing locks the row like a SELECT … FOR UPDATE, and makes it where there is none.
_KEEP_AND_LOCK = (
    select(Conversation)
    .from_statement(
        upsert(_CONVERSATION)
        .from_select(["contact_point_id", "sender_id", "updated_at"], select(_KEPT))
        .on_conflict_do_update(
            index_elements=["contact_point_id", "sender_id"],
            set_={"updated_at": _CONVERSATION.c.updated_at},
        )
        .returning(*_CONVERSATION.c)
    )
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
    select(
        Person.locale,
        OptOut,
        _OPEN_PROMPTS.with_only_columns(1).order_by(None).exists(),
        exists().where(
            Respite.contact_point_id == bindparam("contact_point_id"),
            Respite.sender_id == bindparam("sender_id"),
            Respite.ended_at.is_(None),
        ),
    )
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
    """The language that somebody has chosen, the STOP that stands, whether a question and a respite do."""

    locale: str | None
    opt_out: OptOut | None
    has_questions: bool
    has_respite: bool  # which may be over by its time


def keep_and_lock(session: Session, inbound: dict[str, Any]) -> Conversation | None:
    """Keep a text, and lock its conversation until the turn ends: one text after another.

    :param inbound: the row's columns.
    :returns: None when this MessageSid is kept already. A copy at the same moment waits here.
    """
    parameters = {f"inbound_{name}": inbound[name] for name in _INBOUND_COLUMNS}
    return session.scalars(_KEEP_AND_LOCK, parameters).one_or_none()


def standing(
    session: Session, contact_point: ContactPoint, sender_id: uuid.UUID, *, now: datetime
) -> Standing:
    """How somebody stands on a sender; asked after the lock, it knows what the turn before has done."""
    locale, opt_out, questions, respite = session.execute(
        _STANDING,
        {
            "person_id": contact_point.person_id,
            "contact_point_id": contact_point.id,
            "sender_id": sender_id,
            "now": now,
        },
    ).one()
    return Standing(locale, opt_out, questions, respite)


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
