"""Turns: whose chunk is next, so that nobody waits behind somebody who sends a great deal.

Senders take turns, because each has its own pace; and on one sender its clients do, chunk by chunk. Who comes
next is remembered by the process alone: several that drain one lane each give everybody their turn.
"""

from __future__ import annotations

import time
import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from bot import db
from bot.messaging import chunks, throttle
from bot.messaging.chunks import DueSender, LeasedChunk


@dataclass(frozen=True)
class Turn:
    """A chunk to work on, and how many of its segments may be sent now; None is as many as it has."""

    chunk: LeasedChunk
    allowance: int | None


class Turns:
    """The turns of one lane, as one process gives them."""

    def __init__(self, lane: str, *, clock: Callable[[], datetime]) -> None:
        self._lane = lane
        self._clock = clock
        self._round: deque[DueSender] = deque()
        self._client_of: dict[uuid.UUID, uuid.UUID | None] = {}  # whose turn was last, by sender
        self._rests_until: dict[uuid.UUID, float] = {}  # senders that have sent what they may, for now
        self._due: list[DueSender] = []

    def take(self) -> Turn | None:
        """Lease the next due chunk of a sender that may send now; None when there is none."""
        asked = False
        while self._round or not asked:
            if not self._round:
                with db.transaction() as session:
                    self._due = list(chunks.due_senders(session, self._lane, now=self._clock()))
                self._round.extend(self._due)
                asked = True
                continue
            sender = self._round.popleft()
            if self._rests(sender) > 0:
                continue
            allowance = self._ask(sender)
            if allowance == 0:
                continue
            chunk = self._lease(sender)
            if chunk is not None:
                return Turn(chunk, allowance)
            throttle.put_back(sender.id, allowance or 0)
        return None

    def rest(self) -> float | None:
        """Seconds until a sender that has something due may send again; None when none has."""
        rests = [rest for sender in self._due if (rest := self._rests(sender)) > 0]
        return min(rests, default=None)

    def _rests(self, sender: DueSender) -> float:
        return self._rests_until.get(sender.id, 0.0) - time.monotonic()

    def _ask(self, sender: DueSender) -> int | None:
        if sender.segments_per_second is None:
            return None
        grant = throttle.take(sender.id, sender.segments_per_second, lane=self._lane)
        self._rests_until[sender.id] = time.monotonic() + grant.wait if grant.segments == 0 else 0.0
        return grant.segments

    def _lease(self, sender: DueSender) -> LeasedChunk | None:
        last = self._client_of.get(sender.id)
        with db.transaction() as session:
            chunk = chunks.take(session, self._lane, now=self._clock(), sender_id=sender.id, after=last)
        if chunk is not None:
            self._client_of[sender.id] = chunk.client_id
        return chunk
