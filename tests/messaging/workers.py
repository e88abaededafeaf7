"""What the ledger's state machine is made of: workers that call, and what Twilio may answer."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field

from bot.claims import Lease
from bot.config import settings
from bot.messaging.chunks import Call
from bot.messaging.models import Message
from bot.messaging.settling import Question
from bot.vendors.listing import Listed
from bot.vendors.twilio import Accepted, Ambiguous, Outcome, RateLimited, Rejected

ANSWERS: tuple[tuple[bool, type[Outcome] | int], ...] = (
    (True, Accepted),
    (True, Ambiguous),  # Twilio took it, and its answer was lost
    (False, Ambiguous),
    (False, RateLimited),
    (False, 21612),
    (False, 21610),
)


def answer(kind: type[Outcome] | int, sid: str) -> Outcome:
    if isinstance(kind, int):
        return Rejected(kind)
    made: dict[type[Outcome], Outcome] = {
        Accepted: Accepted(sid, "accepted"),
        Ambiguous: Ambiguous("timeout"),
        RateLimited: RateLimited(20429, None),
    }
    return made[kind]


def sid_of(call: Call) -> str:
    """Twilio's id of the text that a call makes."""
    return f"SM{call.message_id}.{call.attempt}"


def listed(question: Question, taken: dict[uuid.UUID, list[str]], messages: list[Message]) -> list[Listed]:
    """Twilio's list, as far as it is about the last calls of the messages in question.

    :param taken: the ids of the texts that Twilio took, by message.
    """
    last = {message.id: f"SM{message.id}.{message.attempts}" for message in messages}
    return [
        Listed(
            sid=last[unknown.message_id],
            direction="outbound-api",
            to=unknown.to,
            from_=None,
            service_sid=unknown.sender,
            body=unknown.body,
            media_count=0,
            status="sent",
            error_code=None,
            created_at=unknown.called_at,
        )
        for unknown in question.unknowns
        if last[unknown.message_id] in taken[unknown.message_id]
    ]


def provider_id_of_sender() -> str:
    return settings().twilio_messaging_service_sid


@dataclass
class Worker:
    """A process: the chunk it holds, as far as it knows, and its calls whose answers are to come."""

    lease: Lease
    calls: list[Call] = field(default_factory=list)
