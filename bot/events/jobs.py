"""Jobs of the outbox."""

from __future__ import annotations

import time

from bot import jobs
from bot.clock import utc_now
from bot.events import dispatch


def dispatch_events() -> None:
    """Handle every event that waits, with turns for the notices; with nothing to do it ends at once."""
    until = time.monotonic() + jobs.TURN_SECONDS
    while dispatch.dispatch_batch(utc_now()):
        if time.monotonic() >= until:
            jobs.enqueue(jobs.DEFAULT, dispatch_events)
            return
