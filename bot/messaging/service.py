"""Verbs of messaging: senders, contact points and who may be reached. None of them commits."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import CursorResult, bindparam, insert, literal, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from bot.crypto import keyring
from bot.ids import uuid7
from bot.messaging import respites, statuses
from bot.messaging.models import ContactPoint, Message, MessageHistory, OptOut, Sender

# Made once: putting a statement together costs as much as having it executed.
_SENDER = select(Sender).where(Sender.provider_id == bindparam("provider_id"))
_CONTACT_POINT = select(ContactPoint).where(
    ContactPoint.address_index.in_(bindparam("indexes", expanding=True))
)


_PARTIES = (
    select(Sender, ContactPoint)
    .outerjoin(ContactPoint, ContactPoint.address_index.in_(bindparam("indexes", expanding=True)))
    .where(Sender.provider_id == bindparam("provider_id"))
)


def parties(
    session: Session, *, service_sid: str | None, to_number: str, from_number: str, now: datetime
) -> tuple[Sender, ContactPoint | None]:
    """Both ends of a text to us: :func:`sender_of` and :func:`find_contact_point` in one question."""
    found = session.execute(
        _PARTIES, {"provider_id": service_sid or to_number, "indexes": keyring().indexes(from_number)}
    ).one_or_none()
    if found is None or found[0].phone_number is None:
        sender = sender_of(session, service_sid=service_sid, number=to_number, now=now)
        return sender, find_contact_point(session, from_number)
    return found[0], found[1]


def sender_of(session: Session, *, service_sid: str | None, number: str, now: datetime) -> Sender:
    """The sender that a text to ``number`` came in on; made known at its first text.

    A text whose signature is right came to a number of our account, so an unknown one is new, not wrong.
    """
    provider_id = service_sid or number
    sender = session.scalar(_SENDER, {"provider_id": provider_id})
    if sender is None:
        add_sender(session, provider_id=provider_id, now=now)
        sender = session.scalars(_SENDER, {"provider_id": provider_id}).one()
    if sender.phone_number is None:
        sender.phone_number = number
    return sender


def add_sender(session: Session, *, provider_id: str, now: datetime, phone_number: str | None = None) -> None:
    """Make a Messaging Service (``MG…``) or a number (E.164) known; a known one stays as it is.

    Twilio answers STOP unless its support has switched that off, so that is what a new sender starts with.
    """
    session.execute(
        upsert(Sender)
        .values(
            id=uuid7(),
            kind="service" if provider_id.startswith("MG") else "number",
            provider_id=provider_id,
            phone_number=phone_number,
            opt_outs_by="carrier",
            created_at=now,
        )
        .on_conflict_do_nothing(index_elements=["provider_id"])
    )


def find_contact_point(session: Session, number: str) -> ContactPoint | None:
    """The contact point of an E.164 number, if we have met it."""
    return session.scalar(_CONTACT_POINT, {"indexes": keyring().indexes(number)})


def add_contact_point(session: Session, *, person_id: uuid.UUID, number: str, now: datetime) -> bool:
    """Give a person a number (E.164); False when somebody has it already."""
    made = session.execute(
        upsert(ContactPoint)
        .values(
            id=uuid7(),
            person_id=person_id,
            channel="sms",
            address=number,
            address_index=keyring().index(number),
            last4=number[-4:],
            created_at=now,
        )
        .on_conflict_do_nothing(index_elements=["address_index"])
    )
    return rows(made) == 1


def restore_number(contact_point: ContactPoint, number: str) -> None:
    """Know the number (E.164) of a contact point again: it was erased, and now it speaks to us."""
    contact_point.address, contact_point.last4 = number, number[-4:]
    contact_point.place_source = None  # it is looked up again


def opt_out(
    session: Session,
    *,
    contact_point_id: uuid.UUID,
    sender_id: uuid.UUID,
    blocked_by_carrier: bool,
    source: str,
    now: datetime,
) -> bool:
    """Record that this contact point wants nothing more from this sender, and skip what is pending for it.

    Said again it changes nothing, but that a carrier's block is remembered. Returns whether it was new.
    """
    new = session.execute(
        upsert(OptOut)
        .values(
            id=uuid7(),
            contact_point_id=contact_point_id,
            sender_id=sender_id,
            blocked_by_carrier=blocked_by_carrier,
            source=source,
            opted_out_at=now,
        )
        .on_conflict_do_nothing(
            index_elements=["contact_point_id", "sender_id"], index_where=OptOut.lifted_at.is_(None)
        )
    )
    if blocked_by_carrier:
        session.execute(
            update(OptOut)
            .where(_in_force(contact_point_id, sender_id), ~OptOut.blocked_by_carrier)
            .values(blocked_by_carrier=True)
        )
    respites.close(session, contact_point_id, sender_id, now=now)
    skip_pending(
        session, contact_point_id=contact_point_id, sender_id=sender_id, reason=statuses.OPTED_OUT, now=now
    )
    return rows(new) == 1


def lift_opt_out(
    session: Session, *, contact_point_id: uuid.UUID, sender_id: uuid.UUID, now: datetime
) -> bool:
    """Let texts through again; returns whether there was an opt-out to lift."""
    lifted = session.execute(
        update(OptOut).where(_in_force(contact_point_id, sender_id)).values(lifted_at=now)
    )
    return rows(lifted) > 0


def opt_out_in_force(session: Session, contact_point_id: uuid.UUID, sender_id: uuid.UUID) -> OptOut | None:
    """The STOP that stands between this contact point and this sender, if any."""
    return session.scalar(select(OptOut).where(_in_force(contact_point_id, sender_id)))


def suppress(session: Session, *, contact_point_id: uuid.UUID, reason: str, now: datetime) -> None:
    """Call this contact point no more: its number can't receive texts. ``reason`` is Twilio's error code."""
    session.execute(
        update(ContactPoint)
        .where(ContactPoint.id == contact_point_id, ContactPoint.suppressed_at.is_(None))
        .values(suppressed_at=now, suppressed_reason=reason)
    )


def skip_pending(
    session: Session,
    *,
    contact_point_id: uuid.UUID,
    reason: str,
    now: datetime,
    sender_id: uuid.UUID | None = None,
    client_id: uuid.UUID | None = None,
) -> None:
    """Take back every text to this contact point that nobody has begun to send.

    :param client_id: only what this client sends to those who follow it. A notice to somebody who speaks for
        it is not taken back because they follow it no more.
    """
    pending = [Message.contact_point_id == contact_point_id, Message.rank == statuses.RANK[statuses.PENDING]]
    if sender_id is not None:
        pending.append(Message.sender_id == sender_id)
    if client_id is not None:
        pending += [Message.client_id == client_id, Message.purpose.in_(respites.PURPOSES)]
    skipped = (
        update(Message)
        .where(*pending)
        .values(
            status=statuses.SKIPPED,
            rank=statuses.RANK[statuses.SKIPPED],
            skip_reason=reason,
            updated_at=now,
        )
        .returning(Message.id)
        .cte("skipped")
    )
    session.execute(
        insert(MessageHistory).from_select(
            ["message_id", "status", "source", "detail", "at"],
            select(
                skipped.c.id, literal(statuses.SKIPPED), literal("opt-out"), literal(reason), literal(now)
            ),
        )
    )


def rows(result: Any) -> int:
    """How many rows a statement touched."""
    assert isinstance(result, CursorResult)
    return result.rowcount


def _in_force(contact_point_id: uuid.UUID, sender_id: uuid.UUID) -> Any:
    return (
        (OptOut.contact_point_id == contact_point_id)
        & (OptOut.sender_id == sender_id)
        & OptOut.lifted_at.is_(None)
    )
