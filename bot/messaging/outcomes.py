"""Outcomes: what the answer to a call means for its message."""

from __future__ import annotations

import random
from datetime import datetime

from bot.messaging.chunks import Call
from bot.messaging.statuses import ACCEPTED, FAILED, FROM_TWILIO, PENDING, UNKNOWN
from bot.messaging.steps import Step
from bot.vendors.twilio import (
    OPTED_OUT,
    Accepted,
    Ambiguous,
    InvalidRecipient,
    OptedOut,
    Outcome,
    RateLimited,
    Rejected,
    Unreachable,
)

#: Waits between calls that were never processed double up to this.
LONGEST_WAIT_SECONDS = 300.0


def step_of(call: Call, outcome: Outcome, *, at: datetime) -> Step:
    """The step that a message takes after a call."""
    match outcome:
        case Accepted(sid, status):
            return Step(call.message_id, FROM_TWILIO.get(status, ACCEPTED), "send", at, provider_id=sid)
        case OptedOut():
            return Step(call.message_id, FAILED, "send", at, error_code=OPTED_OUT)
        case InvalidRecipient(code) | Rejected(code):
            return Step(call.message_id, FAILED, "send", at, error_code=code)
        case Ambiguous(reason):
            return Step(call.message_id, UNKNOWN, "send", at, detail=reason)
        case RateLimited(code, retry_after):
            wait = max(backoff(call.attempt), retry_after or 0.0)
            return back(call, at=at, wait=wait, why=str(code))
        case Unreachable(reason):
            return back(call, at=at, wait=backoff(call.attempt), why=reason)


def back(call: Call, *, at: datetime, wait: float, why: str) -> Step:
    """The step back of a call that was never processed; it may be made again in ``wait`` seconds."""
    return Step(call.message_id, PENDING, "send", at, detail=why, attempt=call.attempt, retry_in=wait)


def backoff(attempt: int) -> float:
    """Seconds to wait after the ``attempt``-th call: doubling from one second, less up to half by chance."""
    return min(LONGEST_WAIT_SECONDS, 2.0 ** min(attempt - 1, 16)) * random.uniform(0.5, 1.0)
