"""Retention: after RETENTION_DAYS every domain takes the words away and leaves the rows.

Who was texted when, and what became of it, stays on record; what was said does not. It goes in batches of
some thousand rows, each a short transaction that waits for nobody: what somebody holds comes later.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta

import structlog
from sqlalchemy.orm import Session

from bot import db, jobs
from bot.announcements import retention as announcements
from bot.clock import utc_now
from bot.config import settings
from bot.dialogue import retention as dialogue
from bot.media import retention as media
from bot.messaging import retention as messaging

#: Rows of a table that are written in one transaction: a tenth or two of a second.
BATCH = 2000

DOMAINS = {
    "dialogue": dialogue.redact,
    "announcements": announcements.redact,
    "messaging": messaging.redact,
    "media": media.redact,
}

log = structlog.get_logger()


def old_words(session: Session, now: datetime) -> None:  # noqa: ARG001  # a sweep
    """Have redacted what has become old since the last time."""
    if settings().retention_days:
        jobs.defer(session, jobs.DEFAULT, redact_old)


def redact_old() -> None:
    """Redact what is old, with turns for the notices, which the same lane sends."""
    days = settings().retention_days
    if not days:
        return
    until = time.monotonic() + jobs.TURN_SECONDS
    for domain in DOMAINS:
        while _redact_batch(domain, timedelta(days=days)):
            if time.monotonic() >= until:
                jobs.enqueue(jobs.DEFAULT, redact_old)
                return


def _redact_batch(domain: str, age: timedelta) -> int:
    now = utc_now()
    with db.transaction() as session:
        count = DOMAINS[domain](session, now - age, most=BATCH, now=now)
    if count:
        log.info("words_redacted", domain=domain, count=count)
    return count
