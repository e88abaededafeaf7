"""Things to do later, in order of time, on one timer however many there are."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from heapq import heapify, heappop, heappush
from itertools import count
from typing import Any, Final

_AT_ONCE: Final = 200
"""How many due things run before the event loop gets to answer requests again."""


class Agenda:
    """Runs callables when they are due, those due together in the order they were put down."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = []
        self._order = count()
        self._timer: asyncio.TimerHandle | None = None
        self._armed_for = 0.0

    def __len__(self) -> int:
        return len(self._heap)

    def put(self, seconds: float, what: Callable[..., None], *args: object) -> None:
        """Call `what(*args)` in `seconds`, never before this call has returned."""
        loop = asyncio.get_running_loop()
        due = loop.time() + seconds
        heappush(self._heap, (due, next(self._order), what, args))
        if self._timer is None or due < self._armed_for:
            self._arm(loop)

    def drop(self, what: Callable[..., None], *args: object) -> None:
        """Do not call `what(*args)` after all."""
        self._heap = [entry for entry in self._heap if entry[2:] != (what, args)]
        heapify(self._heap)

    def clear(self) -> None:
        """Forget everything that is not yet due."""
        self._heap.clear()

    def _arm(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._armed_for = self._heap[0][0]
        self._timer = loop.call_later(max(self._armed_for - loop.time(), 0), self._run)

    def _run(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = None
        # uvloop's timers have a grain of a millisecond; what is due within it is due now.
        now = loop.time() + 0.001
        for _ in range(_AT_ONCE):
            if not self._heap or self._heap[0][0] > now:
                break
            _, _, what, args = heappop(self._heap)
            what(*args)
        if self._heap and self._timer is None:
            self._arm(loop)
