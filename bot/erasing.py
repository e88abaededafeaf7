"""Erasing somebody at their wish: every domain forgets what it knows of them, in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from bot.audience import erasing as audience
from bot.audience.erasing import Gone
from bot.audience.service import Evidence
from bot.dialogue import erasing as dialogue
from bot.messaging import erasing as messaging
from bot.messaging import inspection
from bot.messaging.models import ContactPoint, OptOut, Sender


@dataclass(frozen=True)
class Erasure:
    """What was erased of somebody, and what stays of their opt-outs.

    :ivar texts_from: how many texts of theirs lost their words.
    :ivar texts_to: how many replies and notices to them did.
    :ivar opt_outs: those in force, each with what it keeps from texting them.
    """

    gone: Gone
    texts_from: int
    texts_to: int
    opt_outs: Sequence[tuple[OptOut, Sender]]


def erase(session: Session, contact_point: ContactPoint, *, source: str, now: datetime) -> Erasure:
    """Forget a person. They are known again once they text us; nobody else brings them back.

    :param source: who had them erased, as the ledger of consent keeps it: operator.
    """
    dialogue.hold_talk(session, contact_point.id)
    gone = audience.erase(session, contact_point, Evidence(source, now))
    texts_from = dialogue.erase(session, contact_point.id, now=now)
    texts_to = messaging.erase(session, contact_point, now=now)
    opt_outs = inspection.opt_outs(session, contact_point.id)
    in_force = [(opt_out, sender) for opt_out, sender in opt_outs if opt_out.lifted_at is None]
    return Erasure(gone, texts_from, texts_to, in_force)
