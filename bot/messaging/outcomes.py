"""Outcomes: what the answer to a call means for its message."""

from __future__ import annotations

from datetime import datetime

from bot.messaging import errors
from bot.messaging.chunks import Call
from bot.messaging.errors import Policy
from bot.messaging.retries import doubling, later
from bot.messaging.statuses import ACCEPTED, FAILED, FROM_TWILIO, PENDING, UNKNOWN
from bot.messaging.steps import Step
from bot.vendors.twilio import (
    Accepted,
    Ambiguous,
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
        case Rejected(code):
            return _refused(call, code, at=at)
        case Ambiguous(reason):
            return Step(call.message_id, UNKNOWN, "send", at, detail=reason, attempt=call.attempt)
        case RateLimited(code, retry_after):
            wait = max(backoff(call.attempt), retry_after or 0.0)
            return back(call, at=at, wait=wait, why=str(code))
        case Unreachable(reason):
            return back(call, at=at, wait=backoff(call.attempt), why=reason)


def back(call: Call, *, at: datetime, wait: float, why: str, code: int | None = None) -> Step:
    """The step back of a call that was never processed; it may be made again in ``wait`` seconds."""
    return Step(
        call.message_id,
        PENDING,
        "send",
        at,
        error_code=code,
        detail=why,
        attempt=call.attempt,
        retry_in=wait,
    )


def backoff(attempt: int) -> float:
    """Seconds to wait after the ``attempt``-th call: doubling from one second, less up to half by chance."""
    return doubling(attempt, first=1.0, longest=LONGEST_WAIT_SECONDS)


def _refused(call: Call, code: int, *, at: datetime) -> Step:
    match errors.policy(code):
        case Policy.CONFIGURATION:  # due as soon as the sender, which this pauses, is resumed
            return back(call, at=at, wait=0.0, why=str(code), code=code)
        case Policy.LATER | Policy.ONCE:
            return back(call, at=at, wait=later(call.attempt), why=str(code))
        case _:
            return Step(call.message_id, FAILED, "send", at, error_code=code, attempt=call.attempt)
