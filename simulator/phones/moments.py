"""When things happened by the clock that jumps; the stand-in goes by the system's."""

from __future__ import annotations

import threading
import time
from bisect import bisect_right
from datetime import UTC, datetime, timedelta

from simulator.clock import Clock


class Moments:
    """Remembers how far the clock was ahead since when. Threads may share it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._since = [0.0]
        self._ahead = [clock.ahead]

    @property
    def now(self) -> datetime:
        """The present moment by the clock."""
        return self._clock.now()

    @property
    def ahead(self) -> timedelta:
        """How far the clock is ahead."""
        return self._clock.ahead

    def jump(self, by: timedelta) -> None:
        """Have the clock jump; what happened before keeps its time.

        :raises ValueError: it would go back.
        """
        with self._lock:
            self._clock.jump(by)
            self._since.append(time.time())
            self._ahead.append(self._clock.ahead)

    def by_the_clock(self, moment: str) -> str:
        """What the clock said at a moment of the system's; both in ISO 8601."""
        at = datetime.fromisoformat(moment)
        with self._lock:
            ahead = self._ahead[bisect_right(self._since, at.timestamp()) - 1]
        return (at + ahead).astimezone(UTC).isoformat(timespec="milliseconds")
