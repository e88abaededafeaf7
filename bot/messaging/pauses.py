"""Pauses: a sender with something wrong at Twilio sends nothing more until an operator has put that right.

Its texts wait, and expire when they are of no more use. An hour's broadcast that waits can still be sent; one
that has burnt through its audience can't.
"""

from __future__ import annotations

import uuid
from datetime import datetime

import structlog
from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from bot.events import service as events
from bot.messaging import errors
from bot.messaging.models import Message, Sender
from bot.messaging.statuses import ACCEPTED, RANK

log = structlog.get_logger()


class UnknownSender(LookupError):
    """No sender has this id; the message says how to list those there are."""


def pause(session: Session, sender_id: uuid.UUID, *, code: int, called_at: datetime, now: datetime) -> None:
    """Pause a sender because of one of Twilio's errors, and alert the operator, once.

    :param called_at: when the text was called that met the error. One from before the operator resumed the
        sender is old news.
    """
    paused = session.execute(
        update(Sender)
        .where(
            Sender.id == sender_id,
            Sender.paused_at.is_(None),
            or_(Sender.resumed_at.is_(None), Sender.resumed_at <= called_at),
        )
        .values(paused_at=now, paused_reason=errors.meaning(code))
        .returning(Sender.provider_id)
    ).scalar_one_or_none()
    if paused is None:
        return
    log.error(
        "sender_paused",
        sender=paused,
        reason=errors.meaning(code),
        advice=f"Put it right, then: flask --app wsgi senders resume {paused}",
    )
    events.record(
        session,
        type="messaging.sender_paused",
        subject_type="sender",
        subject_id=sender_id,
        actor="system",
        payload={"code": code},
        now=now,
    )


def pause_if_many(
    session: Session,
    chunk_id: uuid.UUID,
    sender_id: uuid.UUID,
    *,
    code: int,
    called_at: datetime,
    now: datetime,
) -> None:
    """Pause a sender when an error has struck so many of a chunk that going on would only burn the rest."""
    struck, tried = session.execute(
        select(func.count().filter(Message.error_code == code), func.count()).where(
            Message.chunk_id == chunk_id, Message.rank >= RANK[ACCEPTED], Message.skip_reason.is_(None)
        )
    ).one()
    if errors.are_many(code, struck=struck, tried=tried):
        pause(session, sender_id, code=code, called_at=called_at, now=now)


def resume(session: Session, provider_id: str, *, now: datetime) -> None:
    """Let a sender go on; one that is not paused stays as it is.

    :raises UnknownSender: there is none with this id.
    """
    sender = session.scalar(select(Sender).where(Sender.provider_id == provider_id).with_for_update())
    if sender is None:
        raise UnknownSender(f"No sender is called {provider_id!r}: `senders list` names them all.")
    if sender.paused_at is None:
        return
    sender.paused_at = sender.paused_reason = None
    sender.resumed_at = now
    session.flush()
    events.record(
        session,
        type="messaging.sender_resumed",
        subject_type="sender",
        subject_id=sender.id,
        actor="operator",
        now=now,
    )
