"""Texts: rows for the ledger, as replies and notices go out. None of these verbs commits or sends."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, cast

from sqlalchemy import Insert, Table, Update, bindparam, insert, select, update
from sqlalchemy.orm import Session

from bot import jobs
from bot.ids import idempotency_key, uuid7
from bot.messaging import statuses
from bot.messaging.models import Chunk, Message, Rendering
from bot.messaging.segments import measure

#: An answer to a text that we heard of late.
REPLY_USEFUL_FOR = timedelta(hours=1)

# A reply and its rendering in one statement, and that made once: it is the fewer round trips that count.
_MESSAGE, _RENDERING = cast(Table, Message.__table__), cast(Table, Rendering.__table__)
_REPLY_COLUMNS = (
    "id channel purpose client_id contact_point_id sender_id source_type source_id rendering_id"
    " idempotency_key chunk_id position status rank attempts expires_at skip_reason created_at updated_at"
).split()
_RENDERING_COLUMNS = "id source_type source_id locale part text media encoding segments".split()
_INSERT_REPLY = (
    insert(_MESSAGE)
    .values({name: bindparam(f"message_{name}") for name in _REPLY_COLUMNS})
    .add_cte(
        insert(_RENDERING)
        .values({name: bindparam(f"rendering_{name}") for name in _RENDERING_COLUMNS})
        .cte("rendered")
    )
)


@cache
def _insert_reply(beside: Update) -> Insert:
    return _INSERT_REPLY.add_cte(beside.cte("beside"))


@dataclass(frozen=True)
class Reply:
    """A reply on record: the ledger's id, and the text; no text where the person may not be answered."""

    message_id: uuid.UUID
    text: str


def freeze_rendering(
    session: Session, *, source_type: str, source_id: uuid.UUID, locale: str, text: str, part: int = 0
) -> uuid.UUID:
    """Keep a text as it goes out, with its encoding and segments; returns the rendering's id."""
    rendering = _rendering_row(
        source_type=source_type, source_id=source_id, locale=locale, text=text, part=part
    )
    session.execute(insert(Rendering).values(rendering))
    return cast(uuid.UUID, rendering["id"])


def send_along(session: Session, *, source_type: str, source_id: uuid.UUID, media: list[str]) -> None:
    """Let pictures (by their names in ``bot.media``) go along with texts, none of which is sent yet."""
    session.execute(
        update(Rendering)
        .where(Rendering.source_type == source_type, Rendering.source_id == source_id)
        .values(media=media)
    )


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
    as_messages: bool = False,
    beside: tuple[Update, dict[str, Any]],
    now: datetime,
) -> list[Reply]:
    """Put the replies to one text into the ledger; the webhook's answer carries them to Twilio.

    :param blocked: the carrier would refuse them (21610): they are recorded as skipped and not given.
    :param as_messages: nobody waits for the answer any more: the express lane sends them instead.
    :param beside: a statement of the caller's and its parameters, which needs no round trip of its own when
        there is a reply.
    """
    status = statuses.SKIPPED if blocked else statuses.PENDING if as_messages else statuses.ACCEPTED
    chunk_id = None
    if texts and as_messages and not blocked:
        chunk_id = _express_chunk(session, sender_id, client_id, ("inbound", inbound_id), now=now)
    if not texts:
        session.execute(*beside)
    replies = []
    for part, text in enumerate(texts):
        rendering = _rendering_row(
            source_type="inbound", source_id=inbound_id, locale=locale, text=text, part=part
        )
        message = _message_row(
            purpose="reply",
            contact_point_id=contact_point_id,
            sender_id=sender_id,
            client_id=client_id,
            source=("inbound", inbound_id),
            now=now,
        ) | {
            "rendering_id": rendering["id"],
            "idempotency_key": idempotency_key("inbound", inbound_id, part),
            "position": part,
            "status": status,
            "rank": statuses.RANK[status],
            "skip_reason": statuses.OPTED_OUT if blocked else None,
            "chunk_id": chunk_id,
            "expires_at": now + REPLY_USEFUL_FOR if chunk_id else None,
        }
        # A parameter named like a column would also be taken for one of what stands beside.
        parameters = {f"message_{name}": value for name, value in message.items()} | {
            f"rendering_{name}": value for name, value in rendering.items()
        }
        if part == 0:
            session.execute(_insert_reply(beside[0]), parameters | beside[1])
        else:
            session.execute(_INSERT_REPLY, parameters)
        replies.append(Reply(message["id"], text))
    return [] if blocked or as_messages else replies


def replies_to(session: Session, inbound_id: uuid.UUID) -> list[Reply]:
    """The replies on record for a text, in order: those that an answer to its webhook may carry."""
    found = session.execute(
        select(Message.id, Rendering.text)
        .join(Rendering, Rendering.id == Message.rendering_id)
        .where(
            Message.source_type == "inbound",
            Message.source_id == inbound_id,
            Message.skip_reason.is_(None),
            Message.chunk_id.is_(None),
        )
        .order_by(Message.position)
    )
    return [Reply(message_id, text) for message_id, text in found if text]  # none: it was erased


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
    chunk_id = _express_chunk(session, sender_id, client_id, (source_type, source_id), now=now)
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
    return True


def _express_chunk(
    session: Session,
    sender_id: uuid.UUID,
    client_id: uuid.UUID | None,
    source: tuple[str, uuid.UUID],
    *,
    now: datetime,
) -> uuid.UUID:
    """A chunk whose messages are sent after the commit, before any broadcast."""
    chunk_id = uuid7()
    session.execute(
        insert(Chunk).values(
            id=chunk_id,
            lane=jobs.EXPRESS,
            sender_id=sender_id,
            client_id=client_id,
            source_type=source[0],
            source_id=source[1],
            not_before=now,
            created_at=now,
        )
    )
    from bot.messaging.jobs import send_express

    jobs.defer(session, jobs.EXPRESS, send_express)
    return chunk_id


def _rendering_row(
    *, source_type: str, source_id: uuid.UUID, locale: str, text: str, part: int
) -> dict[str, Any]:
    size = measure(text)
    return {
        "id": uuid7(),
        "source_type": source_type,
        "source_id": source_id,
        "locale": locale,
        "part": part,
        "text": text,
        "media": [],
        "encoding": size.encoding,
        "segments": size.segments,
    }


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
