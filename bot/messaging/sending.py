"""Sending, as a process does it: one event loop and one set of connections to Twilio, kept across jobs.

The database is only ever spoken to from threads. On the loop's own thread, a wait for it would turn every
call under way into a timeout.
"""

from __future__ import annotations

import asyncio
import atexit
import threading
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache

from bot.config import settings
from bot.messaging.drain import Drain
from bot.messaging.trouble import Trouble
from bot.vendors.twilio import Twilio

_stopping = threading.Event()


def drain(lane: str, *, clock: Callable[[], datetime]) -> bool:
    """Send what is due in a lane, until nothing is. Any number of processes may drain the same lane.

    :param clock: tells the time, in UTC.
    :returns: whether it ended because its shift was over, so that more may be due.
    """
    if _stopping.is_set():
        return False

    async def run() -> bool:
        twilio = _twilio()
        return await Drain(lane, twilio, clock=clock, stopping=_stopping.is_set, trouble=_trouble()).run()

    return _runner().run(run())


def stop() -> None:
    """Claim nothing more in this process, for good; calls under way are finished and written.

    It only sets a flag, so a signal handler may call it.
    """
    _stopping.set()


def close() -> None:
    """Close the connections and the loop; the next drain opens new ones."""
    if _twilio.cache_info().currsize:
        _runner().run(_twilio().close())
        _twilio.cache_clear()
        _trouble.cache_clear()
    if _runner.cache_info().currsize:
        _runner().close()
        _runner.cache_clear()


@lru_cache(maxsize=1)
def _runner() -> asyncio.Runner:
    atexit.register(close)
    return asyncio.Runner()


@lru_cache(maxsize=1)
def _trouble() -> Trouble:
    """What this process has met lately."""
    return Trouble()


@lru_cache(maxsize=1)
def _twilio() -> Twilio:
    """The connections of this process; they belong to the loop, so only code on the loop asks first."""
    return Twilio(settings())
