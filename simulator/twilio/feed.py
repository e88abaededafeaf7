"""What has happened, in order, so that a client can wait for the next thing instead of asking again."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from .messages import Message, record

_KEPT: Final = 200_000


class Feed:
    """New texts and changes of status, numbered from 1. The oldest are forgotten beyond 200,000."""

    def __init__(self) -> None:
        self._entries: list[tuple[Message, str, str, int | None]] = []
        self._forgotten = 0
        self._waiting: set[asyncio.Future[None]] = set()

    @property
    def last(self) -> int:
        """The number of the newest event."""
        return self._forgotten + len(self._entries)

    def text(self, message: Message) -> None:
        """A text was accepted or has come in."""
        self._append(message, "text")

    def status(self, message: Message) -> None:
        """A text has moved on to another status."""
        self._append(message, "status")

    def since(self, after: int, *, number: str | None = None, limit: int = 1000) -> dict[str, Any]:
        """Events numbered above `after`, oldest first, and the number to ask `after` next time.

        A message shows the status it had at that event. `forgotten` tells that some were missed.
        """
        events: list[dict[str, Any]] = []
        position = max(after - self._forgotten, 0)
        while position < len(self._entries) and len(events) < limit:
            message, kind, status, error_code = self._entries[position]
            position += 1
            if number is None or message.person == number:
                shown = record(message) | {"status": status, "error_code": error_code}
                events.append({"n": self._forgotten + position, "type": kind, "message": shown})
        return {
            "events": events,
            "next": self._forgotten + position,
            "forgotten": after < self._forgotten,
        }

    async def wait(self, after: int, seconds: float, *, number: str | None, limit: int) -> dict[str, Any]:
        """Like `since`, but wait up to `seconds` for the first event."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while True:
            found = self.since(after, number=number, limit=limit)
            left = deadline - loop.time()
            if found["events"] or found["forgotten"] or left <= 0:
                return found
            after = found["next"]
            news: asyncio.Future[None] = loop.create_future()
            self._waiting.add(news)
            await asyncio.wait([news], timeout=left)
            self._waiting.discard(news)

    def clear(self) -> None:
        """Forget every event; the numbering goes on, so that a waiting client misses nothing new."""
        self._forgotten += len(self._entries)
        self._entries.clear()

    def _append(self, message: Message, kind: str) -> None:
        self._entries.append((message, kind, message.status, message.error_code))
        if len(self._entries) > 2 * _KEPT:
            del self._entries[:_KEPT]
            self._forgotten += _KEPT
        if self._waiting:
            for news in self._waiting:
                if not news.done():
                    news.set_result(None)
            self._waiting.clear()
