"""The ledger as the page shows it: the life of one text, and the sum of the latest announcement."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.announcements import queries as announcements
from bot.announcements.models import Announcement, Wording
from bot.dialogue.models import Inbound
from bot.messaging.models import ContactPoint, Message, MessageHistory, Rendering

#: Recipients beyond this many are only counted.
MOST_ROWS = 50


def life_of_sent(session: Session, message_id: uuid.UUID) -> dict[str, Any] | None:
    """What became of a text in the ledger, step by step; None when the ledger has no such text."""
    found = session.execute(
        select(Message, Rendering)
        .join(Rendering, Rendering.id == Message.rendering_id)
        .where(Message.id == message_id)
    ).first()
    if found is None:
        return None
    message, rendering = found
    # As it happened: a receipt may be written before the acceptance of what it is about.
    steps = session.scalars(
        select(MessageHistory)
        .where(MessageHistory.message_id == message_id)
        .order_by(MessageHistory.at, MessageHistory.id)
    )
    return {
        "id": message.id,
        "purpose": message.purpose,
        "text": rendering.text,
        "locale": rendering.locale,
        "encoding": rendering.encoding,
        "segments": rendering.segments,
        "status": message.status,
        "reason": message.skip_reason or message.error_code,
        "attempts": message.attempts,
        "next_attempt_at": message.next_attempt_at if message.status == "pending" else None,
        "steps": [
            {"status": "recorded", "source": "ledger", "detail": None, "at": message.created_at},
            *(
                {"status": step.status, "source": step.source, "detail": step.detail, "at": step.at}
                for step in steps
            ),
        ],
    }


def life_of_heard(session: Session, message_sid: str) -> dict[str, Any] | None:
    """What became of a person's text: which conversation took it, and the replies on record."""
    heard = session.scalar(select(Inbound).where(Inbound.provider_id == message_sid))
    if heard is None:
        return None
    replies = session.scalars(
        select(Message.status).where(Message.source_type == "inbound", Message.source_id == heard.id)
    ).all()
    taken_by, _, done = heard.outcome.partition(".")
    return {
        "id": heard.id,
        "purpose": "heard",
        "text": heard.body,
        "status": "received",
        "steps": [
            {"status": "received", "source": "webhook", "detail": message_sid, "at": heard.received_at},
            {
                "status": f"taken by {taken_by}",
                "source": "dialogue",
                "detail": done.replace("_", " "),
                "at": heard.received_at,
            },
            *(
                {"status": "reply recorded", "source": "ledger", "detail": status, "at": heard.received_at}
                for status in replies
            ),
        ],
    }


def latest_announcement(session: Session, names: Mapping[str, str]) -> dict[str, Any] | None:
    """The latest announcement that was confirmed, its sum and its recipients; None when there is none.

    :param names: the phones on the page, number to name.
    """
    announcement = session.scalar(
        select(Announcement)
        .where(Announcement.confirmed_at.is_not(None))
        .order_by(Announcement.confirmed_at.desc(), Announcement.id.desc())
        .limit(1)
    )
    if announcement is None:
        return None
    progress = announcements.progress(session, announcement)
    parts = {"not_yet_queued": progress.not_yet_queued, **asdict(progress.ledger)}
    return {
        "text": session.scalar(
            select(Wording.text).where(
                Wording.announcement_id == announcement.id, Wording.locale == announcement.locale
            )
        ),
        "confirmed_at": announcement.confirmed_at,
        "audience": progress.audience_size,
        "parts": {name: count for name, count in parts.items() if count},
        "recipients": _recipients(session, announcement.id, names),
    }


def _recipients(
    session: Session, announcement_id: uuid.UUID, names: Mapping[str, str]
) -> list[dict[str, Any]]:
    found = session.execute(
        select(Message, Rendering.locale, ContactPoint)
        .join(Rendering, Rendering.id == Message.rendering_id)
        .join(ContactPoint, ContactPoint.id == Message.contact_point_id)
        .where(Message.source_type == "announcement", Message.source_id == announcement_id)
        .order_by(Message.position, Message.id)
        .limit(MOST_ROWS)
    )
    return [
        {
            "id": message.id,
            "name": names.get(point.address or "", f"…{point.last4}"),
            "locale": locale,
            "status": message.status,
            "reason": message.skip_reason or message.error_code,
        }
        for message, locale, point in found
    ]
