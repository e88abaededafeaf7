"""Verbs of messaging: who may be reached, and rows for the ledger. None of them commits or calls a vendor."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import CursorResult, insert, literal, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from bot import jobs
from bot.crypto import keyring
from bot.ids import idempotency_key, uuid7
from bot.messaging import statuses
from bot.messaging.models import Chunk, ContactPoint, Message, MessageHistory, OptOut, Rendering, Sender
from bot.messaging.segments import measure


@dataclass(frozen=True)
class Reply:
    """A reply on record: the ledger's id, and the text; no text where the person may not be answered."""

    message_id: uuid.UUID
    text: str


def sender_of(session: Session, *, service_sid: str | None, number: str, now: datetime) -> Sender:
    """The sender that a text to ``number`` came in on; made known at its first text.

    A text whose signature is right came to a number of our account, so an unknown one is new, not wrong.
    """
    provider_id = service_sid or number
    sender = session.scalar(select(Sender).where(Sender.provider_id == provider_id))
    if sender is None:
        add_sender(session, provider_id=provider_id, now=now)
        sender = session.scalars(select(Sender).where(Sender.provider_id == provider_id)).one()
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
    return session.scalar(
        select(ContactPoint).where(ContactPoint.address_index.in_(keyring().indexes(number)))
    )


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
    """Take back every text to this contact point that nobody has begun to send."""
    pending = [Message.contact_point_id == contact_point_id, Message.rank == statuses.RANK[statuses.PENDING]]
    if sender_id is not None:
        pending.append(Message.sender_id == sender_id)
    if client_id is not None:
        pending.append(Message.client_id == client_id)
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


def freeze_rendering(
    session: Session, *, source_type: str, source_id: uuid.UUID, locale: str, text: str, part: int = 0
) -> uuid.UUID:
    """Keep a text as it goes out, with its encoding and segments; returns the rendering's id."""
    size = measure(text)
    rendering_id = uuid7()
    session.execute(
        insert(Rendering).values(
            id=rendering_id,
            source_type=source_type,
            source_id=source_id,
            locale=locale,
            part=part,
            text=text,
            encoding=size.encoding,
            segments=size.segments,
        )
    )
    return rendering_id


def record_reply(
    session: Session,
    *,
    inbound_id: uuid.UUID,
    contact_point_id: uuid.UUID,
    sender_id: uuid.UUID,
    client_id: uuid.UUID | None,
    locale: str,
    texts: list[str],
    blocked: bool,
    now: datetime,
) -> list[Reply]:
    """Put the replies to one text into the ledger; the webhook's answer carries them to Twilio.

    :param blocked: the carrier would refuse them (21610): they are recorded as skipped and not given.
    """
    status = statuses.SKIPPED if blocked else statuses.ACCEPTED
    replies = []
    for part, text in enumerate(texts):
        message = _message_row(
            purpose="reply",
            contact_point_id=contact_point_id,
            sender_id=sender_id,
            client_id=client_id,
            source=("inbound", inbound_id),
            now=now,
        ) | {
            "rendering_id": freeze_rendering(
                session, source_type="inbound", source_id=inbound_id, locale=locale, text=text, part=part
            ),
            "idempotency_key": idempotency_key("inbound", inbound_id, part),
            "position": part,
            "status": status,
            "rank": statuses.RANK[status],
            "skip_reason": statuses.OPTED_OUT if blocked else None,
        }
        session.execute(insert(Message).values(message))
        replies.append(Reply(message["id"], text))
    return [] if blocked else replies


def replies_to(session: Session, inbound_id: uuid.UUID) -> list[Reply]:
    """The replies on record for a text, in order, without those that the carrier would refuse."""
    found = session.execute(
        select(Message.id, Rendering.text)
        .join(Rendering, Rendering.id == Message.rendering_id)
        .where(
            Message.source_type == "inbound",
            Message.source_id == inbound_id,
            Message.skip_reason.is_(None),
        )
        .order_by(Message.position)
    )
    return [Reply(message_id, text) for message_id, text in found]


def queue_notice(
    session: Session,
    *,
    contact_point_id: uuid.UUID,
    sender_id: uuid.UUID,
    client_id: uuid.UUID | None,
    source_type: str,
    source_id: uuid.UUID,
    locale: str,
    text: str,
    now: datetime,
    useful_for: timedelta = timedelta(hours=4),
) -> bool:
    """Queue one text to one person in the express lane; False when this notice is queued already.

    The same source and contact point are the same notice, however often this is called.
    """
    key = idempotency_key(source_type, source_id, contact_point_id)
    if session.scalar(select(Message.id).where(Message.idempotency_key == key)):
        return False
    chunk_id = uuid7()
    session.execute(
        insert(Chunk).values(
            id=chunk_id,
            lane=jobs.EXPRESS,
            sender_id=sender_id,
            source_type=source_type,
            source_id=source_id,
            not_before=now,
            created_at=now,
        )
    )
    # The part tells apart the renderings of one source to several members who read the same language.
    part = session.query(Rendering).filter_by(source_type=source_type, source_id=source_id).count()
    message = _message_row(
        purpose="notice",
        contact_point_id=contact_point_id,
        sender_id=sender_id,
        client_id=client_id,
        source=(source_type, source_id),
        now=now,
    ) | {
        "rendering_id": freeze_rendering(
            session, source_type=source_type, source_id=source_id, locale=locale, text=text, part=part
        ),
        "idempotency_key": key,
        "chunk_id": chunk_id,
        "position": 0,
        "status": statuses.PENDING,
        "rank": statuses.RANK[statuses.PENDING],
        "expires_at": now + useful_for,
    }
    session.execute(insert(Message).values(message))
    from bot.messaging.jobs import send_express

    jobs.defer(session, jobs.EXPRESS, send_express)
    return True


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


def _message_row(
    *,
    purpose: str,
    contact_point_id: uuid.UUID,
    sender_id: uuid.UUID,
    client_id: uuid.UUID | None,
    source: tuple[str, uuid.UUID],
    now: datetime,
) -> dict[str, Any]:
    return {
        "id": uuid7(),
        "channel": "sms",
        "purpose": purpose,
        "client_id": client_id,
        "contact_point_id": contact_point_id,
        "sender_id": sender_id,
        "source_type": source[0],
        "source_id": source[1],
        "attempts": 0,
        "created_at": now,
        "updated_at": now,
    }
