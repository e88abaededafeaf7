"""Doubts: somebody may have asked to get no more texts, so they are asked, and left alone until they say."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from bot.audience.service import Evidence, record_consent
from bot.messaging import respites
from bot.messaging.models import ContactPoint, Sender

#: How long announcements wait for an answer. Who wants to end says so the same day; who meant something else
#: and does not answer must not miss more than a day of what they asked for.
LEFT_ALONE_FOR = timedelta(hours=24)
#: Nobody is asked again sooner: words like "enough" are mostly about something else, and STOP always works.
ASKED_AGAIN_AFTER = timedelta(days=30)


def may_be_asked(session: Session, contact_point: ContactPoint, sender: Sender, *, now: datetime) -> bool:
    """Whether it is long enough since this person was last asked."""
    last = respites.last_began(session, contact_point.id, sender.id)
    return last is None or last + ASKED_AGAIN_AFTER <= now


def ask(
    session: Session, contact_point: ContactPoint, sender: Sender, evidence: Evidence, question: str
) -> None:
    """Let announcements wait until the person answers ``question``, as they are shown it, or a day passes."""
    respites.begin(
        session,
        contact_point_id=contact_point.id,
        sender_id=sender.id,
        until=evidence.at + LEFT_ALONE_FOR,
        now=evidence.at,
    )
    record_consent(
        session, contact_point, replace(evidence, text_shown=question), action="asked", sender=sender
    )


def are_open(session: Session, contact_point: ContactPoint, sender: Sender, *, now: datetime) -> bool:
    """Whether this person has been asked, and has not answered in time or at all yet."""
    return respites.in_force(session, contact_point.id, sender.id, now=now)


def stay(session: Session, contact_point: ContactPoint, sender: Sender, evidence: Evidence) -> None:
    """The person answered anything but STOP: what has waited goes out."""
    respites.end(session, contact_point_id=contact_point.id, sender_id=sender.id, now=evidence.at)
    record_consent(session, contact_point, evidence, action="stay", sender=sender)
