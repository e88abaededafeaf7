"""Late texts: what somebody sent while our webhook could not take it, read from Twilio's list afterwards.

A STOP that nobody heard must not be lost. But what was said since counts for more: a START that we heard in
between stands, and a CONFIRM from before must not send what was drafted after it.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from bot.audience import queries as audience
from bot.dialogue.models import Inbound
from bot.dialogue.turn import Turn
from bot.messaging.models import OptOut

#: Until then a text is taken as if it had just come; "half price until six" is not for half past.
STILL_FRESH = timedelta(minutes=15)
#: A webhook may be taken this long after its text was sent, and that is what we have on record. In doubt
#: STOP wins.
IN_DOUBT = timedelta(seconds=15)


def is_overtaken(turn: Turn, sent_at: datetime) -> bool:
    """Whether we have heard a text that the same phone sent to the same sender later."""
    return _exists(turn.session, *_later(turn, sent_at))


def opted_in_since(turn: Turn, sent_at: datetime) -> bool:
    """Whether a STOP is old news: the person said START, or joined somebody, after it."""
    sent_at += IN_DOUBT
    started = (*_later(turn, sent_at), Inbound.outcome == "carrier.start")
    return _exists(turn.session, *started) or audience.joined_since(
        turn.session, turn.contact_point.person_id, turn.sender.id, sent_at
    )


def opted_out_since(turn: Turn, sent_at: datetime) -> bool:
    """Whether a START is old news: the person said STOP after it."""
    stopped = select(OptOut.id).where(
        OptOut.contact_point_id == turn.contact_point.id,
        OptOut.sender_id == turn.sender.id,
        OptOut.opted_out_at > sent_at,
    )
    return bool(turn.session.scalar(select(stopped.exists())))


def _later(turn: Turn, sent_at: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        Inbound.contact_point_id == turn.contact_point.id,
        Inbound.sender_id == turn.sender.id,
        Inbound.received_at > sent_at,
        Inbound.provider_id != turn.provider_id,
    )


def _exists(session: Session, *conditions: ColumnElement[bool]) -> bool:
    return bool(session.scalar(select(select(Inbound.id).where(*conditions).exists())))
