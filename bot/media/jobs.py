"""Jobs of media."""

from __future__ import annotations

import time

from bot import jobs
from bot.clock import utc_now
from bot.media import fetching


def fetch_wanted() -> None:
    """Fetch the files that are due, in the lane of the broadcasts that wait for them."""
    until = time.monotonic() + jobs.TURN_SECONDS
    while fetching.fetch_next(clock=utc_now):
        if time.monotonic() >= until:
            wake_fetcher()
            return


def wake_fetcher() -> None:
    """Have the files that are due fetched now."""
    jobs.enqueue(jobs.BULK, fetch_wanted)
