"""Jobs of the dialogue."""

from __future__ import annotations

import asyncio

import structlog
from sqlalchemy.exc import OperationalError

from bot import db
from bot.claims import LeaseLost
from bot.clock import utc_now
from bot.config import settings
from bot.dialogue import unseen
from bot.dialogue.service import Dialogue
from bot.dialogue.unseen import MAY_STILL_COME, OVERLAP, Watched
from bot.vendors import twilio_services
from bot.vendors.listing import CouldNotLook, Listed
from bot.vendors.twilio_services import NotRead

#: The conversations that texts are for. The worker puts them here, because they are above us.
dialogue: Dialogue | None = None

log = structlog.get_logger()


def learn_numbers() -> None:
    """Ask Twilio which numbers our Messaging Services have, one after the other, and watch them all."""
    with db.transaction() as session:
        services = unseen.services(session)
    for sid, sender_id in services.items():
        try:
            numbers = twilio_services.read(settings(), sid).numbers
        except NotRead as error:  # those that we know stay watched
            log.warning("numbers_not_learnt", sender=sid, error=str(error))
            continue
        with db.transaction() as session:
            unseen.watch(session, sender_id, numbers, now=utc_now())


def take_in_unseen() -> None:
    """Take in the texts to our numbers that our webhook never took."""
    while True:
        with db.transaction() as session:
            watched = unseen.take(session, now=utc_now())
        if watched is None:
            return
        seen_until = utc_now() - MAY_STILL_COME
        try:
            shown = asyncio.run(unseen.listed(watched))
        except CouldNotLook as error:
            log.warning("watch_failed", sender=watched.sender, error=str(error))
            seen_until = watched.since + OVERLAP
        else:
            with db.transaction() as session:
                missed = unseen.unseen(session, shown, until=seen_until)
            for each in missed:
                _take_in(watched, each)
        try:
            with db.transaction() as session:
                unseen.give_back(session, watched, seen_until=seen_until, now=utc_now())
        except LeaseLost:
            log.warning("lease_lost", watch_id=str(watched.lease.id))


def _take_in(watched: Watched, missed: Listed) -> None:
    assert dialogue is not None, "the worker has to name the dialogue"
    log.warning("inbound_taken_in_late", message_sid=missed.sid, media=missed.media_count)
    try:
        with db.transaction() as session:
            dialogue.receive(session, unseen.as_inbound(watched, missed), now=utc_now())
    except OperationalError:  # the database's own trouble: our lease runs out, and all is looked at again
        raise
    except Exception:  # whatever one text trips over must not keep the others waiting
        log.exception("inbound_not_taken_in", message_sid=missed.sid)
