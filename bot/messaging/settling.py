"""Settling: finding out what became of messages whose answer never came.

A receipt settles most of them within seconds. For the others Twilio's list of texts to that number is read,
at once for all unknown messages to it. The number is leased meanwhile, like all that waits for a vendor.
What two looks found no trace of, the last after ``UNKNOWN_GRACE_SECONDS``, goes by ``UNKNOWN_POLICY``: it is
sent once more, or left to a person. Every look is in the message's history.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

import structlog
from sqlalchemy import Interval, Table, bindparam, delete, func, select, text
from sqlalchemy.orm import Session

from bot import claims
from bot.claims import Lease
from bot.config import settings
from bot.crypto import UnknownKeyVersion, Unreadable
from bot.messaging import steps, unknowns
from bot.messaging.matching import SKEW, Unknown, match
from bot.messaging.models import (
    ContactPoint,
    EndedAttempt,
    Lookup,
    Message,
    MessageHistory,
    Rendering,
    Sender,
)
from bot.messaging.statuses import CALLING, FAILED, FROM_TWILIO, RANK, UNKNOWN
from bot.messaging.steps import Step
from bot.vendors.listing import Listed

LOOKUP = cast(Table, Lookup.__table__)

#: When the first look is due: a receipt has usually come by then.
FIRST_LOOK = timedelta(seconds=30)
#: Two looks that found no trace are this far apart at least.
APART = timedelta(seconds=60)
#: What a person must decide is looked for ever more rarely, and no more when it is this old.
LOOKS_END = timedelta(days=3)
#: After a look that failed.
PUT_OFF = timedelta(seconds=60)
#: A text to the same number that is being called may be the one that we would find.
CALLED_NOW = timedelta(seconds=15)

LOOK = "look"

log = structlog.get_logger()


@dataclass(frozen=True)
class Question:
    """A number to look up, which is ours for now, and its unknown messages."""

    lease: Lease
    contact_point_id: uuid.UUID
    number: str
    unknowns: Sequence[Unknown]

    @property
    def since(self) -> datetime:
        """How far back Twilio's list has to be read."""
        return min(unknown.called_at for unknown in self.unknowns) - SKEW


_EXPECT = text("""
    INSERT INTO lookup (id, contact_point_id, not_before, created_at)
    SELECT nudges_uuid7(), contact_point_id, min(updated_at) + :first_look, :now
    FROM message
    WHERE rank = :unknown AND NOT EXISTS (
        SELECT FROM message_history
        WHERE message_id = message.id AND source = :look AND at >= message.calling_at
    )
    GROUP BY contact_point_id
    ON CONFLICT (contact_point_id) DO UPDATE SET not_before = excluded.not_before
    WHERE excluded.not_before > :now AND excluded.not_before < lookup.not_before
""").bindparams(bindparam("first_look", FIRST_LOOK, Interval()), unknown=RANK[UNKNOWN], look=LOOK)


def expect(session: Session, *, now: datetime) -> bool:
    """Note every number with unknown messages, to be looked up when a receipt has had time to come.

    :returns: whether any is due now.
    """
    session.execute(_EXPECT, {"now": now})
    due = select(Lookup.id).where(Lookup.not_before <= now, claims.free(LOOKUP))
    return bool(session.scalar(select(due.exists())))


def take(session: Session, *, now: datetime) -> Question | None:
    """Lease a number that is due to be looked up; None when there is none."""
    while True:
        lease = claims.take(
            session,
            LOOKUP,
            LOOKUP.c.not_before <= now,
            order_by=(LOOKUP.c.not_before, LOOKUP.c.id),
            seconds=settings().lease_seconds,
        )
        if lease is None:
            return None
        contact_point_id = session.scalars(select(Lookup.contact_point_id).where(Lookup.id == lease.id)).one()
        if _is_called(session, contact_point_id):
            claims.give_back(session, LOOKUP, lease, not_before=now + CALLED_NOW)
            continue
        try:
            question = _question(session, lease, contact_point_id)
        except (Unreadable, UnknownKeyVersion) as error:  # an operator may list the key again
            log.warning("unknown_unreadable", lookup_id=str(lease.id), error=str(error))
            claims.give_back(session, LOOKUP, lease, not_before=now + timedelta(hours=1))
            continue
        if question is not None:
            return question
        _end_erased(session, contact_point_id, now=now)
        session.execute(delete(Lookup).where(Lookup.id == lease.id))  # or a receipt was faster


def put_off(session: Session, question: Question, *, now: datetime) -> None:
    """Note that Twilio's list could not be had: nothing follows from that but another look.

    :raises LeaseLost: somebody else is looking.
    """
    claims.give_back(session, LOOKUP, question.lease, not_before=now + PUT_OFF)


def settle(session: Session, question: Question, listed: Sequence[Listed], *, now: datetime) -> None:
    """Draw from Twilio's list what can be drawn, and say when to look again.

    :raises LeaseLost: somebody else is looking.
    """
    claims.renew(session, LOOKUP, question.lease, seconds=settings().lease_seconds)
    if _is_called(session, question.contact_point_id):
        claims.give_back(session, LOOKUP, question.lease, not_before=now + CALLED_NOW)
        return
    matched = match(question.unknowns, listed, taken=_taken(session, listed))
    steps.take(
        session,
        [
            _step_of(unknown.message_id, matched.get(unknown.message_id), now=now)
            for unknown in question.unknowns
        ],
        now=now,
    )
    left = session.scalars(
        select(Message)
        .where(Message.contact_point_id == question.contact_point_id, Message.rank == RANK[UNKNOWN])
        .order_by(Message.id)
        .with_for_update()
    ).all()
    next_looks = [at for message in left if (at := _decide(session, message, now=now)) is not None]
    if next_looks:
        claims.give_back(session, LOOKUP, question.lease, not_before=min(next_looks))
    else:
        session.execute(delete(Lookup).where(Lookup.id == question.lease.id))


def _decide(session: Session, message: Message, *, now: datetime) -> datetime | None:
    """Apply the policy when it is time; returns when to look next, None for never again."""
    assert message.calling_at is not None
    looks = session.scalars(
        select(MessageHistory.at)
        .where(
            MessageHistory.message_id == message.id,
            MessageHistory.source == LOOK,
            MessageHistory.at >= message.calling_at,
        )
        .order_by(MessageHistory.id)
    ).all()
    grace_over = message.calling_at + timedelta(seconds=settings().unknown_grace_seconds)
    if not looks or now - looks[0] < APART or now < grace_over:
        return max(now + APART, grace_over)
    resends = settings().unknown_policy == "resend"
    if resends and unknowns.resend(session, message, source=unknowns.POLICY, now=now):
        return None
    unknowns.hold(session, message, now=now)
    age = now - message.calling_at
    return now + age if age < LOOKS_END else None


def _step_of(message_id: uuid.UUID, found: Listed | None, *, now: datetime) -> Step:
    if found is None:
        return Step(message_id, UNKNOWN, LOOK, now, detail="no trace at Twilio")
    return Step(
        message_id,
        FROM_TWILIO[found.status],
        LOOK,
        now,
        provider_id=found.sid,
        error_code=found.error_code,
        detail=f"found at Twilio: {found.sid}",
    )


def _question(session: Session, lease: Lease, contact_point_id: uuid.UUID) -> Question | None:
    rows = session.execute(
        select(
            Message.id,
            func.coalesce(Message.calling_at, Message.created_at).label("called_at"),
            ContactPoint.address,
            Sender.provider_id,
            Rendering.text,
            Rendering.media,
        )
        .join(ContactPoint, ContactPoint.id == Message.contact_point_id)
        .join(Sender, Sender.id == Message.sender_id)
        .join(Rendering, Rendering.id == Message.rendering_id)
        .where(
            Message.contact_point_id == contact_point_id,
            Message.rank == RANK[UNKNOWN],
            ContactPoint.address.is_not(None),
        )
    ).all()
    if not rows:
        return None
    unknown = [
        Unknown(row.id, row.address, row.provider_id, row.text, len(row.media or ()), called_at=row.called_at)
        for row in rows
    ]
    return Question(lease, contact_point_id, rows[0].address, unknown)


def _end_erased(session: Session, contact_point_id: uuid.UUID, *, now: datetime) -> None:
    """End what is unknown of somebody who was erased since: nobody can look up their number any more."""
    lost = session.scalars(
        select(Message.id)
        .join(ContactPoint, ContactPoint.id == Message.contact_point_id)
        .where(
            Message.contact_point_id == contact_point_id,
            Message.rank == RANK[UNKNOWN],
            ContactPoint.address.is_(None),
        )
    )
    detail = "never settled: its number was erased"
    steps.take(session, [Step(each, FAILED, LOOK, now, detail=detail) for each in lost], now=now)


def _is_called(session: Session, contact_point_id: uuid.UUID) -> bool:
    called = select(Message.id).where(
        Message.contact_point_id == contact_point_id, Message.rank == RANK[CALLING]
    )
    return bool(session.scalar(select(called.exists())))


def _taken(session: Session, listed: Sequence[Listed]) -> set[str]:
    sids = [text.sid for text in listed]
    ours = session.scalars(select(Message.provider_id).where(Message.provider_id.in_(sids)))
    ended = session.scalars(select(EndedAttempt.provider_id).where(EndedAttempt.provider_id.in_(sids)))
    return {sid for sid in [*ours, *ended] if sid is not None}
