"""Jobs of announcements."""

from __future__ import annotations

import time
import uuid

from bot import db, jobs
from bot.announcements import fanout
from bot.clock import utc_now


def fan_out(announcement_id: str) -> None:
    """Write the rows of a confirmed announcement, with turns for the notices, which the same lane sends."""
    until = time.monotonic() + jobs.TURN_SECONDS
    while True:
        with db.transaction() as session:
            more = fanout.fan_out(session, uuid.UUID(announcement_id), now=utc_now())
        if not more:
            return
        if time.monotonic() >= until:
            jobs.enqueue(jobs.DEFAULT, fan_out, announcement_id)
            return
