"""Turns: whose chunk is next, so that nobody waits behind somebody who sends a great deal.

Senders take turns, because each has its own pace; and on one sender its clients do, chunk by chunk. Who comes
next is remembered by the process alone: several that drain one lane each give everybody their turn.
"""

from __future__ import annotations

import uuid
from collections import deque
from datetime import datetime

from sqlalchemy.orm import Session

from bot.messaging import chunks
from bot.messaging.chunks import LeasedChunk


class Turns:
    """The turns of one lane."""

    def __init__(self, lane: str) -> None:
        self._lane = lane
        self._round: deque[uuid.UUID] = deque()
        self._client_of: dict[uuid.UUID, uuid.UUID | None] = {}  # whose turn was last, by sender

    def take(self, session: Session, *, now: datetime) -> LeasedChunk | None:
        """Lease the next due chunk; None when nobody has one."""
        asked = False
        while self._round or not asked:
            if not self._round:
                self._round.extend(chunks.due_senders(session, self._lane, now=now))
                asked = True
                continue
            sender_id = self._round.popleft()
            last = self._client_of.get(sender_id)
            chunk = chunks.take(session, self._lane, now=now, sender_id=sender_id, after=last)
            if chunk is not None:
                self._client_of[sender_id] = chunk.client_id
                return chunk
        return None
