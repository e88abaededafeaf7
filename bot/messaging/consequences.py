"""Consequences: what an error says beyond its message, about the number, the person or the sender."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from bot.events import service as events
from bot.messaging import errors, pauses, service
from bot.messaging.errors import Policy
from bot.messaging.models import OptOut

OPTED_OUT = 21610

Messages = Mapping[uuid.UUID, Any]  # rows of what steps.py locks


def draw(session: Session, codes: Mapping[uuid.UUID, int], messages: Messages, *, now: datetime) -> None:
    """Record an opt-out, suppress a number or pause a sender, as the errors of these messages say.

    :param codes: Twilio's code by our message's id.
    """
    # In the order of the contact points, so that two batches about the same people can't wait for each other.
    for message_id, code in sorted(codes.items(), key=lambda item: messages[item[0]].contact_point_id):
        message, policy = messages[message_id], errors.policy(code)
        if policy is Policy.SUPPRESS:
            service.suppress(session, contact_point_id=message.contact_point_id, reason=str(code), now=now)
        elif policy is Policy.OPTED_OUT and not _opted_in_since(session, message):
            _opt_out(session, message, now=now)
    _pause_senders(session, codes, messages, now=now)


def _pause_senders(
    session: Session, codes: Mapping[uuid.UUID, int], messages: Messages, *, now: datetime
) -> None:
    wrong: dict[tuple[uuid.UUID, int], datetime] = {}
    doubtful: dict[tuple[uuid.UUID, int, uuid.UUID], datetime] = {}
    for message_id, code in codes.items():
        message, policy = messages[message_id], errors.policy(code)
        if policy is Policy.CONFIGURATION:
            place = (message.sender_id, code)
            wrong[place] = max(wrong.get(place, message.called_at), message.called_at)
        elif policy is Policy.FAIL and message.chunk_id is not None:
            chunk = (message.sender_id, code, message.chunk_id)
            doubtful[chunk] = max(doubtful.get(chunk, message.called_at), message.called_at)
    for (sender_id, code), called_at in sorted(wrong.items()):
        pauses.pause(session, sender_id, code=code, called_at=called_at, now=now)
    for (sender_id, code, chunk_id), called_at in sorted(doubtful.items()):
        pauses.pause_if_many(session, chunk_id, sender_id, code=code, called_at=called_at, now=now)


def _opt_out(session: Session, message: Row[*tuple[Any, ...]], *, now: datetime) -> None:
    new = service.opt_out(
        session,
        contact_point_id=message.contact_point_id,
        sender_id=message.sender_id,
        blocked_by_carrier=True,
        source=str(OPTED_OUT),
        now=now,
    )
    if new:  # the ledger of consent, above us, has to know
        events.record(
            session,
            type="messaging.opted_out",
            subject_type="contact_point",
            subject_id=message.contact_point_id,
            actor="carrier",
            payload={"sender_id": str(message.sender_id), "source": str(OPTED_OUT)},
            now=now,
        )


def _opted_in_since(session: Session, message: Row[*tuple[Any, ...]]) -> bool:
    """Whether the person said START after this call: then its refusal is old news."""
    lifted = select(OptOut.id).where(
        OptOut.contact_point_id == message.contact_point_id,
        OptOut.sender_id == message.sender_id,
        OptOut.lifted_at > message.called_at,
    )
    return bool(session.scalar(select(lifted.exists())))
