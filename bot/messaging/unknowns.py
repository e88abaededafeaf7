"""Unknowns: messages that were called and whose answer never came, so that Twilio may have them or not."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

import structlog
from sqlalchemy import func, insert, literal, select, update
from sqlalchemy.orm import Session

from bot.messaging import retries, steps
from bot.messaging.models import Message, MessageHistory
from bot.messaging.retries import Again
from bot.messaging.statuses import CALLING, FAILED, PENDING, RANK, UNKNOWN
from bot.messaging.steps import Step

#: Who decides what becomes of a message that left no trace.
POLICY = "policy"
OPERATOR = "operator"
#: The step by which a message was sent once more.
_RESENT = (MessageHistory.source.in_((POLICY, OPERATOR)), MessageHistory.status == PENDING)

log = structlog.get_logger()


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


class NotUnknown(LookupError):
    """There is nothing to decide about this message; the message says why."""


def list_all(session: Session) -> Sequence[Message]:
    """Every message that is unknown, the oldest first."""
    return session.scalars(select(Message).where(Message.rank == RANK[UNKNOWN]).order_by(Message.id)).all()


def resend(session: Session, message: Message, *, source: str, now: datetime) -> bool:
    """Send a message once more of which Twilio shows no trace; False when it may not be.

    It may be while it is of use, and once: who resends a second time is a person.

    :param source: who decides it: policy | operator.
    """
    of_use = message.chunk_id is not None and (message.expires_at is None or message.expires_at > now)
    if not of_use or (source == POLICY and _was_resent(session, message.id)):
        return False
    again = Again(message.id, 0.0, "sent once more", source)
    retries.send_again(session, [again], {message.id: message}, now=now)
    return True


def hold(session: Session, message: Message, *, now: datetime) -> None:
    """Leave a message to a person, and say so once."""
    held = select(MessageHistory.id).where(
        MessageHistory.message_id == message.id,
        MessageHistory.source == POLICY,
        MessageHistory.status == UNKNOWN,
        MessageHistory.at >= message.calling_at,
    )
    if session.scalar(select(held.exists())):
        return
    step = Step(message.id, UNKNOWN, POLICY, now, detail="left for a person")
    steps.take(session, [step], now=now)
    log.warning(
        "message_left_unknown", message_id=str(message.id), advice="flask --app wsgi messages unknown list"
    )


def decide(session: Session, message_id: uuid.UUID, *, send: bool, now: datetime) -> None:
    """Do with an unknown message what a person says: send it once more, or give it up.

    :raises NotUnknown: there is none with this id, or it can't be sent any more.
    """
    message = session.scalar(
        select(Message).where(Message.id == message_id, Message.rank == RANK[UNKNOWN]).with_for_update()
    )
    if message is None:
        raise NotUnknown(f"No unknown text is called {message_id}: `messages unknown list` names them all.")
    if not send:
        step = Step(message_id, FAILED, OPERATOR, now, detail="dropped by an operator")
        steps.take(session, [step], now=now)
    elif not resend(session, message, source=OPERATOR, now=now):
        raise NotUnknown(f"{message_id} is of no more use now: `messages unknown drop` ends it.")


def resent(session: Session, source_type: str, source_id: uuid.UUID) -> dict[str, int]:
    """How often texts of one source were sent once more, by who decided it: ``policy`` or ``operator``."""
    found = session.execute(
        select(MessageHistory.source, func.count())
        .join(Message, Message.id == MessageHistory.message_id)
        .where(
            Message.source_type == source_type,
            Message.source_id == source_id,
            Message.attempts > 0,
            *_RESENT,
        )
        .group_by(MessageHistory.source)
        .order_by(MessageHistory.source)
    )
    return {source: count for source, count in found}  # noqa: C416  # a Row is no tuple for dict()


def _was_resent(session: Session, message_id: uuid.UUID) -> bool:
    once_more = select(MessageHistory.id).where(MessageHistory.message_id == message_id, *_RESENT)
    return bool(session.scalar(select(once_more.exists())))
