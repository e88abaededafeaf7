"""A circuit breaker: what has just failed is left alone for a while, so that nobody waits for it in vain."""

from __future__ import annotations

import threading
import time


class Breaker:
    """Remembers failures of one service for all threads of a process.

    :param seconds: for how long a service that failed is left alone. Then one caller tries it, and the others
        stay away until that one has had its answer.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._failing = False
        self._alone_until = 0.0

    def lets_through(self) -> bool:
        """Whether the service may be called now."""
        with self._lock:
            if not self._failing:
                return True
            if time.monotonic() < self._alone_until:
                return False
            self._alone_until = time.monotonic() + self._seconds
            return True

    def failed(self) -> None:
        """A call was in vain."""
        with self._lock:
            self._failing = True
            self._alone_until = time.monotonic() + self._seconds

    def answered(self) -> None:
        """A call had its answer."""
        self._failing = False
