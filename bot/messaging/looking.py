"""Looking: the numbers that are due, looked up in Twilio's list one after another, outside transactions."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from datetime import datetime

import structlog

from bot import db
from bot.claims import LeaseLost
from bot.config import settings
from bot.messaging import settling
from bot.messaging.settling import Question
from bot.vendors.listing import CouldNotLook, Listed, Listing

#: A job looks for this long, so that other work of its queue gets its turn.
TURN_SECONDS = 2.0

log = structlog.get_logger()


def settle_due(*, clock: Callable[[], datetime]) -> None:
    """Settle what is due, for a short while, or until Twilio does not show its list.

    :param clock: tells the time, in UTC.
    """
    until = time.monotonic() + TURN_SECONDS
    while time.monotonic() < until:
        with db.transaction() as session:
            question = settling.take(session, now=clock())
        if question is None:
            return
        try:
            listed = asyncio.run(_look(question))
        except CouldNotLook as error:
            log.warning("look_failed", lookup_id=str(question.lease.id), error=str(error))
            _note(question, None, clock())
            return
        _note(question, listed, clock())


async def _look(question: Question) -> list[Listed]:
    async with Listing(settings()) as listing:
        return await listing.to(question.number, since=question.since)


def _note(question: Question, listed: Sequence[Listed] | None, now: datetime) -> None:
    try:
        with db.transaction() as session:
            if listed is None:
                settling.put_off(session, question, now=now)
            else:
                settling.settle(session, question, listed, now=now)
    except LeaseLost:
        log.warning("lease_lost", lookup_id=str(question.lease.id))
