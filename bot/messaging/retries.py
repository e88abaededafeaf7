"""Retries: sending a message again, whose text Twilio took and could not deliver, or never had.

Each is a new call of the same message, in a chunk of its own, and is on record with its reason. Opt-outs,
suppression and expiry are looked at again when it is marked, like for every call.
"""

from __future__ import annotations

import random
import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, cast

from sqlalchemy import Table, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from bot.ids import uuid7
from bot.messaging import errors
from bot.messaging.consequences import Messages
from bot.messaging.errors import Policy
from bot.messaging.models import Chunk, EndedAttempt, Message, MessageHistory
from bot.messaging.statuses import FAILED, PENDING, RANK, UNDELIVERED

if TYPE_CHECKING:
    from bot.messaging.steps import Step

CHUNK = cast(Table, Chunk.__table__)

#: A phone that is off or out of reach may be back after this long.
ONCE_SECONDS = 600.0
#: Where Twilio's queue or a carrier's cap is full, a second would change nothing.
LATER_SECONDS = 60.0
LONGEST_LATER_SECONDS = 3600.0


@dataclass(frozen=True)
class Again:
    """A message to be sent again.

    :param seconds: until it may be called.
    :param provider_id: Twilio's id of the text that was not delivered; None when Twilio never had one.
    """

    message_id: uuid.UUID
    seconds: float
    why: str
    source: str
    provider_id: str | None = None


def doubling(attempt: int, *, first: float, longest: float) -> float:
    """Seconds to wait after the ``attempt``-th time: doubling, less up to half by chance."""
    return min(longest, first * 2.0 ** min(attempt - 1, 16)) * random.uniform(0.5, 1.0)


def later(attempt: int) -> float:
    """Seconds to wait after the ``attempt``-th time where a queue or a cap is full."""
    return doubling(attempt, first=LATER_SECONDS, longest=LONGEST_LATER_SECONDS)


def part(
    session: Session, moves: Sequence[Step], messages: Messages, *, now: datetime
) -> tuple[list[Step], list[Again]]:
    """Tell the steps that messages take from those that end in sending them again.

    A text that was not delivered goes again when its error says that this may help, as long as it is of use.
    """
    ends = [step for step in moves if _may_go_again(step, messages)]
    if not ends:
        return list(moves), []
    tried = _tried(session, [step.message_id for step in ends])
    again: dict[uuid.UUID, Again] = {}
    for step in ends:
        assert step.error_code is not None
        seconds = _wait(step.error_code, tried[step.message_id])
        expires_at = messages[step.message_id].expires_at
        if seconds is not None and now + timedelta(seconds=seconds) < expires_at:
            why = f"{step.error_code}, once more"
            again[step.message_id] = Again(step.message_id, seconds, why, step.source, step.provider_id)
    return [step for step in moves if step.message_id not in again], list(again.values())


def send_again(session: Session, again: Iterable[Again], messages: Messages, *, now: datetime) -> None:
    """Let messages be called once more.

    They move to chunks of their own: theirs may be finished, or held by a worker who would have to be waited
    for with the messages locked.

    :param messages: of them at least, locked.
    """
    by_chunk: dict[uuid.UUID, list[Again]] = defaultdict(list)
    for each in again:
        by_chunk[messages[each.message_id].chunk_id].append(each)
    for chunk_id, together in by_chunk.items():
        _move(session, chunk_id, together, now=now)


def _move(session: Session, old_chunk: uuid.UUID, together: list[Again], *, now: datetime) -> None:
    chunk = dict(session.execute(select(*CHUNK.columns).where(CHUNK.c.id == old_chunk)).mappings().one())
    chunk_id = uuid7()
    chunk |= dict.fromkeys(("lease_token", "leased_until", "leased_by", "finished_at"))
    chunk |= {
        "id": chunk_id,
        "not_before": now + timedelta(seconds=min(each.seconds for each in together)),
        "created_at": now,
    }
    session.execute(insert(CHUNK).values(chunk))
    for each in together:
        session.execute(
            update(Message)
            .where(Message.id == each.message_id)
            .values(
                status=PENDING,
                rank=RANK[PENDING],
                provider_id=None,
                error_code=None,
                chunk_id=chunk_id,
                next_attempt_at=now + timedelta(seconds=each.seconds),
                updated_at=now,
            )
        )
    session.execute(
        insert(MessageHistory),
        [
            {
                "message_id": each.message_id,
                "status": PENDING,
                "source": each.source,
                "detail": each.why,
                "at": now,
            }
            for each in together
        ],
    )
    ended = [
        {"provider_id": each.provider_id, "message_id": each.message_id, "ended_at": now}
        for each in together
        if each.provider_id is not None
    ]
    if ended:
        session.execute(upsert(EndedAttempt).values(ended).on_conflict_do_nothing())


def _may_go_again(step: Step, messages: Messages) -> bool:
    message = messages[step.message_id]
    return (
        step.source in {"receipt", "look"}
        and step.status in {UNDELIVERED, FAILED}
        and step.error_code is not None
        and message.chunk_id is not None  # a reply went with the answer to a webhook
        and message.expires_at is not None
    )


def _wait(code: int, tried: int) -> float | None:
    """Seconds until a message that met an error goes again; None when it does not."""
    match errors.policy(code):
        case Policy.ONCE:
            return None if tried else ONCE_SECONDS
        case Policy.LATER:
            return later(tried + 1)
        case Policy.CONFIGURATION:  # its sender is paused until an operator has put it right
            return 0.0
        case _:
            return None


def _tried(session: Session, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, int]:
    """How often each of these messages has gone again before."""
    found = session.execute(
        select(MessageHistory.message_id, func.count())
        .where(
            MessageHistory.message_id.in_(ids),
            MessageHistory.status == PENDING,
            MessageHistory.source.in_(("receipt", "look")),
        )
        .group_by(MessageHistory.message_id)
    )
    return defaultdict(int, {message_id: count for message_id, count in found})  # noqa: C416  # a Row is no tuple
