"""Inspection: what whoever is on call wants to see of one source, or of one text."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import Session

from bot.messaging.models import Chunk, Message, MessageHistory, OptOut, Rendering, Sender


@dataclass(frozen=True)
class HeldChunk:
    """A chunk that a process has leased."""

    id: uuid.UUID
    holder: str | None
    leased_until: datetime | None
    expired: bool  # its holder is gone, or has lost the database


@dataclass(frozen=True)
class Chunks:
    """The chunks of one source. Those that are neither finished nor held are sent when ``due`` has come."""

    total: int
    finished: int
    due: datetime | None
    held: Sequence[HeldChunk]


def chunks(session: Session, source_type: str, source_id: uuid.UUID) -> Chunks:
    """How far a source's chunks are, and who holds which."""
    of_source = (Chunk.source_type == source_type, Chunk.source_id == source_id)
    waiting = Chunk.finished_at.is_(None) & Chunk.lease_token.is_(None)
    total, finished, first_due = session.execute(
        select(
            func.count(), func.count(Chunk.finished_at), func.min(case((waiting, Chunk.not_before)))
        ).where(*of_source)
    ).one()
    held = session.execute(
        select(Chunk.id, Chunk.leased_by, Chunk.leased_until, Chunk.leased_until < func.now())
        .where(*of_source, Chunk.lease_token.is_not(None))
        .order_by(Chunk.id)
    )
    return Chunks(total, finished, first_due, [HeldChunk(*row) for row in held])


def find_message(session: Session, name: str) -> Message | None:
    """The message of an id, ours or Twilio's (MessageSid)."""
    try:
        named: ColumnElement[bool] = Message.id == uuid.UUID(name)
    except ValueError:
        named = Message.provider_id == name
    return session.scalar(select(Message).where(named).limit(1))


def messages_of(session: Session, source_type: str, source_id: uuid.UUID) -> Sequence[Message]:
    """The messages of one source in order; for the few of a reply or a notice, not for a broadcast's."""
    return session.scalars(
        select(Message)
        .where(Message.source_type == source_type, Message.source_id == source_id)
        .order_by(Message.position, Message.id)
    ).all()


def latest_to(
    session: Session, contact_point_id: uuid.UUID, *, most: int
) -> Sequence[tuple[Message, Rendering]]:
    """The newest messages to a contact point, the newest first. It reads the whole ledger: seconds of it."""
    found = session.execute(
        select(Message, Rendering)
        .join(Rendering, Rendering.id == Message.rendering_id)
        .where(Message.contact_point_id == contact_point_id)
        .order_by(Message.id.desc())
        .limit(most)
    )
    return [(message, rendering) for message, rendering in found]


def opt_outs(session: Session, contact_point_id: uuid.UUID) -> Sequence[tuple[OptOut, Sender]]:
    """Every STOP that a contact point ever said, lifted or not, the first first."""
    found = session.execute(
        select(OptOut, Sender)
        .join(Sender, Sender.id == OptOut.sender_id)
        .where(OptOut.contact_point_id == contact_point_id)
        .order_by(OptOut.opted_out_at, OptOut.id)
    )
    return [(opt_out, sender) for opt_out, sender in found]


def history(session: Session, message_id: uuid.UUID) -> Sequence[MessageHistory]:
    """Every step of a message, in the order in which they were written."""
    return session.scalars(
        select(MessageHistory).where(MessageHistory.message_id == message_id).order_by(MessageHistory.id)
    ).all()


def renderings(session: Session, source_type: str, source_id: uuid.UUID) -> Sequence[Rendering]:
    """The texts of one source, as they go out."""
    return session.scalars(
        select(Rendering)
        .where(Rendering.source_type == source_type, Rendering.source_id == source_id)
        .order_by(Rendering.locale, Rendering.part)
    ).all()
