"""Fetching: a wanted file is leased, downloaded outside of any transaction, and kept or refused."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

import structlog
from sqlalchemy import ColumnElement, Table, select
from sqlalchemy.orm import Session

from bot import claims, db
from bot.claims import Lease, LeaseLost
from bot.config import settings
from bot.events import service as events
from bot.media import kinds
from bot.media.models import Media
from bot.vendors.media import Downloaded, Outcome, Refused, TooBig, Unavailable, download

MEDIA = cast(Table, Media.__table__)

#: A file that can't be had is asked for again after 2, 4, 8 and 16 seconds. Its author waits for it.
MOST_ATTEMPTS = 5

log = structlog.get_logger()


@dataclass(frozen=True)
class Wanted:
    """A file that is ours to fetch for now; ``attempt`` is the how-manieth."""

    lease: Lease
    url: str
    attempt: int


def fetch_next(*, clock: Callable[[], datetime]) -> bool:
    """Fetch one file that is due; False when there is none."""
    with db.transaction() as session:
        wanted = take(session, now=clock())
    if wanted is None:
        return False
    outcome = asyncio.run(download(wanted.url, settings(), most=kinds.MOST_BYTES))
    try:
        with db.transaction() as session:
            note(session, wanted, outcome, now=clock())
    except LeaseLost:  # its draft was dropped meanwhile
        log.info("media_no_longer_wanted", media_id=str(wanted.lease.id))
    return True


def take(session: Session, *, now: datetime) -> Wanted | None:
    """Lease a file that is due; None when there is none."""
    lease = claims.take(
        session,
        MEDIA,
        *is_due(now),
        order_by=(MEDIA.c.not_before, MEDIA.c.id),
        seconds=settings().lease_seconds,
    )
    if lease is None:
        return None
    url, attempts = session.execute(select(Media.url, Media.attempts).where(Media.id == lease.id)).one()
    return Wanted(lease, url, attempts + 1)


def note(session: Session, wanted: Wanted, outcome: Outcome, *, now: datetime) -> None:
    """Write what came of a download: the file is kept, or refused for a reason, or asked for again later.

    :raises LeaseLost: nobody wants it any more, or somebody else is fetching it.
    """
    values = _values(wanted, outcome, now)
    claims.give_back(session, MEDIA, wanted.lease, attempts=wanted.attempt, **values)
    log.info(
        "media_looked_at",
        media_id=str(wanted.lease.id),
        status=values["status"],
        failure=values.get("failure"),
        outcome=str(outcome),
    )
    if values["status"] != "wanted":
        events.record(
            session,
            type=f"media.{values['status']}",
            subject_type="media",
            subject_id=wanted.lease.id,
            actor="system",
            now=now,
        )


def is_due(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """The conditions that a file is to be fetched now, unless somebody does already."""
    return (MEDIA.c.status == "wanted", MEDIA.c.not_before <= now)


def _values(wanted: Wanted, outcome: Outcome, now: datetime) -> dict[str, Any]:
    match outcome:
        case Downloaded(content):
            kind = kinds.kind_of(content)
            if kind is None:
                return {"status": "failed", "failure": "no_picture"}
            return {
                "status": "fetched",
                "kind": kind,
                "size": len(content),
                "sha256": hashlib.sha256(content).digest(),
                "content": content,
                "fetched_at": now,
            }
        case TooBig():
            return {"status": "failed", "failure": "too_big"}
        case Unavailable() if wanted.attempt < MOST_ATTEMPTS:
            return {"status": "wanted", "not_before": now + timedelta(seconds=2**wanted.attempt)}
        case Unavailable() | Refused():
            return {"status": "failed", "failure": "unavailable"}
