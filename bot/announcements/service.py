"""Verbs of announcements: draft, word, preview, confirm, discard. None of them commits or sends."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from bot.announcements import pictures
from bot.announcements.models import Announcement, Wording
from bot.announcements.wording import compose_all, overrun
from bot.audience import queries as audience
from bot.audience.models import Client
from bot.config import settings
from bot.events import service as events
from bot.i18n import LOCALES
from bot.ids import uuid7
from bot.messaging import service as messaging
from bot.messaging.models import ContactPoint
from bot.messaging.segments import measure
from bot.messaging.texts import freeze_rendering

#: How long a draft waits for CONFIRM.
DRAFT_LASTS = timedelta(days=1)

#: Characters of a text that a list shows.
LISTED_LENGTH = 30


@dataclass(frozen=True)
class Preview:
    """What an announcement would be: texts and segments per locale, and how many read each."""

    texts: dict[str, str]
    recipients: dict[str, int]
    cost: Decimal  # US dollars, before carrier fees
    pictures: int = 0

    @property
    def audience_size(self) -> int:
        """How many subscribers would receive it."""
        return sum(self.recipients.values())

    @property
    def segments(self) -> dict[str, int]:
        """Segments per recipient, for the locales that somebody reads."""
        return {locale: measure(self.texts[locale]).segments for locale in self.recipients}


def too_long_by(client: Client, wordings: dict[str, str]) -> int:
    """By how many characters some rendering of these wordings passes 1,600; 0 when all fit."""
    return overrun(client.name, wordings, client.locale)


def draft(session: Session, client: Client, author: ContactPoint, text: str, *, now: datetime) -> uuid.UUID:
    """Keep a text as a draft in the client's own language; returns the announcement's id."""
    announcement = Announcement(
        id=uuid7(),
        client_id=client.id,
        sender_id=client.sender_id,
        author_id=author.id,
        status="draft",
        locale=client.locale,
        created_at=now,
        expires_at=now + DRAFT_LASTS,
    )
    session.add(announcement)
    session.flush()
    add_wording(session, announcement.id, client.locale, text)
    return announcement.id


def add_wording(session: Session, announcement_id: uuid.UUID, locale: str, text: str) -> None:
    """Say it in one more language, or say it better in one that it has."""
    new = upsert(Wording).values(announcement_id=announcement_id, locale=locale, text=text)
    session.execute(
        new.on_conflict_do_update(
            index_elements=["announcement_id", "locale"], set_={"text": new.excluded.text}
        )
    )


def wordings(session: Session, announcement_id: uuid.UUID) -> dict[str, str]:
    """What an announcement says, per locale."""
    found = session.execute(
        select(Wording.locale, Wording.text).where(Wording.announcement_id == announcement_id)
    )
    return {locale: text for locale, text in found}  # noqa: C416  # a Row is no tuple for dict()


def beginning(session: Session, announcement: Announcement) -> str:
    """How an announcement begins, for lists: enough to tell which it is."""
    text = wordings(session, announcement.id).get(announcement.locale, "").replace("\n", " ")
    return text if len(text) <= LISTED_LENGTH else f"{text[: LISTED_LENGTH - 3].rstrip()}..."


def preview(session: Session, client: Client, announcement_id: uuid.UUID, *, now: datetime) -> Preview:
    """Show what CONFIRM would send, to how many, for how much."""
    texts = compose_all(client.name, wordings(session, announcement_id), client.locale)
    recipients = audience.subscribers_by_locale(session, client.id, now)
    count = pictures.of(session, announcement_id).count
    return Preview(texts, recipients, _cost(texts, recipients, with_pictures=count > 0), count)


def confirm(
    session: Session, client: Client, announcement_id: uuid.UUID, author: ContactPoint, *, now: datetime
) -> int | None:
    """Send a draft to everybody who follows the client at this moment; returns how many they are.

    The texts and the moment are frozen here; the rows for every subscriber follow after the commit. None when
    it is no draft any more (confirmed or dropped before, or expired): nothing is sent then.
    """
    confirmed = session.execute(
        update(Announcement)
        .where(
            Announcement.id == announcement_id, Announcement.status == "draft", Announcement.expires_at > now
        )
        .values(status="confirmed", confirmed_at=now)
    )
    if messaging.rows(confirmed) == 0:
        return None
    return begin(session, client, announcement_id, actor=f"person:{author.person_id}", now=now)


def begin(session: Session, client: Client, announcement_id: uuid.UUID, *, actor: str, now: datetime) -> int:
    """Freeze the texts of what was confirmed at this moment, and have its rows written after the commit.

    :returns: how many it is for.
    """
    texts = compose_all(client.name, wordings(session, announcement_id), client.locale)
    for locale in LOCALES:
        freeze_rendering(
            session, source_type="announcement", source_id=announcement_id, locale=locale, text=texts[locale]
        )
    size = audience.subscriber_count(session, client.id, now)
    session.execute(update(Announcement).where(Announcement.id == announcement_id).values(audience_size=size))
    events.record(
        session,
        type="announcement.confirmed",
        subject_type="announcement",
        subject_id=announcement_id,
        client_id=client.id,
        actor=actor,
        now=now,
    )
    return size


def expire_drafts(session: Session, *, now: datetime) -> None:
    """Note which drafts have waited too long for CONFIRM."""
    session.execute(
        update(Announcement)
        .where(Announcement.status == "draft", Announcement.expires_at <= now)
        .values(status="expired")
    )


def discard(session: Session, announcement_id: uuid.UUID) -> None:
    """Drop a draft; one that was confirmed stays as it is."""
    dropped = session.execute(
        update(Announcement)
        .where(Announcement.id == announcement_id, Announcement.status == "draft")
        .values(status="discarded")
    )
    if messaging.rows(dropped):
        pictures.drop(session, announcement_id)


def _cost(texts: dict[str, str], recipients: dict[str, int], *, with_pictures: bool) -> Decimal:
    """What Twilio asks in US dollars. An MMS has one price, however many words and pictures it has."""
    if with_pictures:
        return sum(recipients.values()) * settings().mms_price_usd
    segments = sum(count * measure(texts[locale]).segments for locale, count in recipients.items())
    return segments * settings().segment_price_usd
