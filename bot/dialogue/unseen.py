"""Unseen texts: reading Twilio's list of texts to our numbers for those that our webhook never took.

A Messaging Service may have many numbers, so Twilio is asked for them now and then.
Each number is looked at every few minutes, leased like everything that waits for a vendor, and outside
transactions. Texts of the last minutes are left alone: their webhooks may still be on the way, or be tried
again. Taking one in twice does nothing: its MessageSid is known then.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import Table, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from bot import claims
from bot.claims import Lease
from bot.config import settings
from bot.dialogue.models import Inbound as InboundRow
from bot.dialogue.models import Watch
from bot.dialogue.service import Inbound
from bot.ids import uuid7
from bot.messaging.models import Sender
from bot.phones import is_phone
from bot.vendors.listing import Listed, Listing

WATCH = cast(Table, Watch.__table__)

EVERY = timedelta(minutes=2)
#: A webhook that failed is tried again for fifteen seconds, and its fallback after that.
MAY_STILL_COME = timedelta(minutes=2)
#: Twilio's list may show a text late.
OVERLAP = timedelta(minutes=5)
#: How often Messaging Services are asked for their numbers.
LEARN_EVERY = timedelta(minutes=10)


@dataclass(frozen=True)
class Watched:
    """A number of ours, to be looked at now by us alone."""

    lease: Lease
    number: str
    sender: str  # provider id
    since: datetime


def expect(session: Session, *, now: datetime) -> bool:
    """Watch every number that people are known to text; returns whether any is due to be looked at."""
    numbers = session.execute(
        select(Sender.id, Sender.phone_number).where(
            Sender.phone_number.is_not(None), Sender.phone_number.not_in(select(Watch.number))
        )
    ).all()
    for sender_id, number in numbers:
        session.execute(
            upsert(Watch)
            .values(id=uuid7(), sender_id=sender_id, number=number, seen_until=now - OVERLAP, not_before=now)
            .on_conflict_do_nothing()
        )
    due = select(Watch.id).where(Watch.not_before <= now, claims.free(WATCH))
    return bool(session.scalar(select(due.exists())))


def services(session: Session) -> dict[str, uuid.UUID]:
    """The Messaging Services that texts come from: Twilio's sid of each, and our sender's id."""
    found = select(Sender.provider_id, Sender.id).where(Sender.kind == "service")
    return dict(session.execute(found).all())


def watch(session: Session, sender_id: uuid.UUID, numbers: Sequence[str], *, now: datetime) -> None:
    """Watch every number that Twilio names for a Messaging Service; one that moved here watches for it now.

    A number that left stays watched: it shows nothing more, or texts of people who were still told of it.
    """
    since = now - LEARN_EVERY - OVERLAP
    for number in sorted(filter(is_phone, numbers)):  # two of us at once take them in one order
        session.execute(
            upsert(Watch)
            .values(id=uuid7(), sender_id=sender_id, number=number, seen_until=since, not_before=now)
            .on_conflict_do_update(
                index_elements=["number"],
                set_={"sender_id": sender_id},
                where=WATCH.c.sender_id != sender_id,
            )
        )


def take(session: Session, *, now: datetime) -> Watched | None:
    """Lease a number that is due to be looked at; None when there is none."""
    lease = claims.take(
        session,
        WATCH,
        WATCH.c.not_before <= now,
        order_by=(WATCH.c.not_before, WATCH.c.id),
        seconds=settings().lease_seconds,
    )
    if lease is None:
        return None
    number, seen_until, sender = session.execute(
        select(Watch.number, Watch.seen_until, Sender.provider_id)
        .join(Sender, Sender.id == Watch.sender_id)
        .where(Watch.id == lease.id)
    ).one()
    return Watched(lease, number, sender, seen_until - OVERLAP)


async def listed(watched: Watched) -> list[Listed]:
    """Read Twilio's list of texts to a number.

    :raises CouldNotLook: the list could not be had.
    """
    async with Listing(settings()) as listing:
        return await listing.to(watched.number, since=watched.since)


def unseen(session: Session, shown: Sequence[Listed], *, until: datetime) -> list[Listed]:
    """Those of Twilio's texts, from phones and until a moment, that we have not; the oldest first."""
    texts = [
        text
        for text in reversed(shown)  # Twilio tells whole seconds, and within one its order counts
        if text.direction == "inbound" and text.created_at <= until and is_phone(text.from_ or "")
    ]
    sids = [text.sid for text in texts]
    seen = set(session.scalars(select(InboundRow.provider_id).where(InboundRow.provider_id.in_(sids))))
    return sorted((text for text in texts if text.sid not in seen), key=lambda text: text.created_at)


def as_inbound(watched: Watched, text: Listed) -> Inbound:
    """A text of Twilio's list, as our webhook would have taken it. Its pictures are not in the list."""
    assert text.from_ is not None
    return Inbound(
        provider_id=text.sid,
        from_number=text.from_,
        to_number=watched.number,
        body=text.body,
        messaging_service_sid=watched.sender if watched.sender.startswith("MG") else None,
        sent_at=text.created_at,
    )


def give_back(session: Session, watched: Watched, *, seen_until: datetime, now: datetime) -> None:
    """Look at a number again in a while.

    :raises LeaseLost: somebody else is looking.
    """
    claims.give_back(session, WATCH, watched.lease, not_before=now + EVERY, seen_until=seen_until)
