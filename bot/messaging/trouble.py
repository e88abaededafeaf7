"""Trouble: calls to Twilio that got no answer, one after another, so that the next would get none either.

Each of them leaves an unknown message behind. While it lasts, one call at a time tries whether it is over.
"""

from __future__ import annotations

import time

from bot.vendors.twilio import Ambiguous, Outcome

#: So many in a row are no accident.
IN_A_ROW = 10
#: Waits before a call that tries it double up to this.
LONGEST_SECONDS = 60.0


class Trouble:
    """What a process has met lately; kept from drain to drain."""

    def __init__(self) -> None:
        self._unanswered = 0
        self._waits = 0
        self._until = 0.0

    def note(self, outcome: Outcome) -> None:
        """Learn what came of a call."""
        if not isinstance(outcome, Ambiguous):
            self._unanswered = self._waits = 0
            return
        self._unanswered += 1
        if self.lasts and time.monotonic() >= self._until:
            self._until = time.monotonic() + min(2.0**self._waits, LONGEST_SECONDS)
            self._waits += 1

    @property
    def lasts(self) -> bool:
        """Whether there is reason to doubt that the next call will be answered."""
        return self._unanswered >= IN_A_ROW

    @property
    def until(self) -> float:
        """When the next call may be tried, by the monotonic clock."""
        return self._until if self.lasts else 0.0
