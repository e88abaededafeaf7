"""Steps: the one place where the status of a message that was called moves.

Results of calls and receipts both come here, in batches, in any order and any number of times. A status only
ever moves up its rank; the one step back is a call that was certainly never processed.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, or_, select, text
from sqlalchemy.orm import Session

from bot.events import service as events
from bot.messaging import caps, consequences, retries
from bot.messaging.consequences import Messages
from bot.messaging.models import Chunk, EndedAttempt, Message
from bot.messaging.statuses import CALLING, DELIVERED, FINAL_RANK, PENDING, RANK, UNKNOWN

Source = tuple[str, uuid.UUID]


@dataclass(frozen=True)
class Step:
    """Something we learnt about one message.

    :param source: who says so: send | receipt | look.
    :param attempt: of what a call has told, unless Twilio took the text: which call. It means nothing for a
        message that has meanwhile been called again.
    :param retry_in: with PENDING only: seconds until the message may be called again.
    """

    message_id: uuid.UUID
    status: str
    source: str
    at: datetime
    provider_id: str | None = None
    error_code: int | None = None
    detail: str | None = None
    attempt: int | None = None
    retry_in: float = 0
    is_old_news: bool = False  # about a text that could not be delivered, in whose place another goes out


_MOVE = text("""
    UPDATE message
    SET status = step.status, rank = step.rank, updated_at = :now,
        provider_id = COALESCE(message.provider_id, step.provider_id),
        error_code = step.error_code,
        next_attempt_at = CAST(:now AS timestamptz) + make_interval(secs => step.retry_in)
    FROM unnest(
        CAST(:ids AS uuid[]), CAST(:statuses AS text[]), CAST(:ranks AS smallint[]),
        CAST(:provider_ids AS text[]), CAST(:error_codes AS integer[]), CAST(:retries AS float[])
    ) AS step (id, status, rank, provider_id, error_code, retry_in)
    WHERE message.id = step.id
""")

# From arrays, like the moves: a VALUES of thousands of parameters is put together anew for every batch.
_REMEMBER = text("""
    INSERT INTO message_history (message_id, status, source, detail, at)
    SELECT * FROM unnest(
        CAST(:ids AS uuid[]), CAST(:statuses AS text[]), CAST(:sources AS text[]), CAST(:details AS text[]),
        CAST(:ats AS timestamptz[])
    )
""")


def take(session: Session, steps: list[Step], *, now: datetime) -> None:
    """Take steps: move the messages, append every step to their history, and draw the consequences.

    What errors say about numbers, people and senders is drawn from them, and sources for which nothing more
    is expected are announced (``messaging.settled``).
    """
    messages = _lock(session, {step.message_id for step in steps})
    steps = [step for step in steps if step.message_id in messages]
    if not steps:
        return
    steps = _with_old_news(session, steps)
    moves, again = retries.part(session, _moves(steps, messages), messages, now=now)
    if moves:
        caps.put_back(session, [step.message_id for step in moves if step.status == PENDING])
        session.execute(_MOVE, _columns(moves) | {"now": now})
    session.execute(_REMEMBER, _history(steps, messages))
    retries.send_again(session, again, messages, now=now)
    codes = {
        step.message_id: step.error_code
        for step in steps
        if step.error_code is not None and not step.is_old_news
    }
    consequences.draw(session, codes, messages, now=now)
    finished = {
        (messages[step.message_id].source_type, messages[step.message_id].source_id): messages[
            step.message_id
        ].client_id
        for step in moves
        if RANK[step.status] >= FINAL_RANK > messages[step.message_id].rank
        # Nobody waits to hear that a reply has arrived.
        and messages[step.message_id].purpose != "reply"
    }
    announce_settled(session, finished, now=now)


def announce_settled(session: Session, sources: dict[Source, uuid.UUID | None], *, now: datetime) -> None:
    """Record ``messaging.settled`` for each of these sources (with its client) that has nothing open.

    A source is settled once all its messages have ended and all its chunks are finished. Whoever ends the
    last message or chunk comes here, so it is told once.
    """
    for (source_type, source_id), client_id in sorted(sources.items()):
        # Two transactions that end the last two messages must not each see the other's as open.
        name = f"settled:{source_type}:{source_id}"
        session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(name, 0))))
        # A statement of its own after the lock: only then does it see what the one before us committed.
        if session.scalar(select(_is_open(source_type, source_id))):
            continue
        events.record(
            session,
            type="messaging.settled",
            subject_type=source_type,
            subject_id=source_id,
            client_id=client_id,
            actor="system",
            now=now,
        )


def _is_open(source_type: str, source_id: uuid.UUID) -> Any:
    unfinished = select(Message.id).where(
        Message.source_type == source_type, Message.source_id == source_id, Message.rank < FINAL_RANK
    )
    chunks = select(Chunk.id).where(
        Chunk.source_type == source_type, Chunk.source_id == source_id, Chunk.finished_at.is_(None)
    )
    return or_(unfinished.exists(), chunks.exists())


def _with_old_news(session: Session, steps: list[Step]) -> list[Step]:
    """These steps, those marked that are about texts in whose place another goes out."""
    told = {step.provider_id for step in steps if step.provider_id is not None}
    ended = set(
        session.scalars(select(EndedAttempt.provider_id).where(EndedAttempt.provider_id.in_(told)))
        if told
        else ()
    )
    return [replace(step, is_old_news=True) if step.provider_id in ended else step for step in steps]


def _lock(session: Session, ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, Row[*tuple[Any, ...]]]:
    # In the order of their ids, so that a batch of results and a batch of receipts can't wait for each other.
    found = session.execute(
        select(
            Message.id,
            Message.status,
            Message.rank,
            Message.attempts,
            Message.provider_id,
            Message.expires_at,
            Message.purpose,
            Message.client_id,
            Message.contact_point_id,
            Message.sender_id,
            Message.chunk_id,
            Message.source_type,
            Message.source_id,
            func.coalesce(Message.calling_at, Message.created_at).label("called_at"),
        )
        .where(Message.id.in_(ids))
        .order_by(Message.id)
        .with_for_update()
    )
    return {row.id: row for row in found}


def _moves(steps: list[Step], messages: Messages) -> list[Step]:
    """The step that each message takes: the highest, if it leads anywhere."""
    moves: dict[uuid.UUID, Step] = {}
    for step in steps:
        message, chosen = messages[step.message_id], moves.get(step.message_id)
        if _is_of_another_call(step, message):
            continue
        if step.status in {PENDING, UNKNOWN} and message.status != CALLING:
            continue
        if step.status == PENDING:
            if chosen is None:
                moves[message.id] = step
        elif RANK[step.status] > max(message.rank, RANK[chosen.status] if chosen else -1):
            moves[message.id] = step
    return list(moves.values())


def _is_of_another_call(step: Step, message: Row[*tuple[Any, ...]]) -> bool:
    """Whether a step is about another call of its message than the last; only "delivered" then counts."""
    if step.attempt is not None and step.attempt != message.attempts:
        return True
    another = None not in {step.provider_id, message.provider_id} and step.provider_id != message.provider_id
    return (another or step.is_old_news) and step.status != DELIVERED


def _columns(moves: list[Step]) -> dict[str, list[Any]]:
    return {
        "ids": [str(step.message_id) for step in moves],
        "statuses": [step.status for step in moves],
        "ranks": [RANK[step.status] for step in moves],
        "provider_ids": [step.provider_id for step in moves],
        # A call that was never processed leaves no error behind; its history has it.
        "error_codes": [None if step.status == PENDING else step.error_code for step in moves],
        "retries": [step.retry_in if step.status == PENDING else None for step in moves],
    }


def _history(steps: list[Step], messages: Messages) -> dict[str, list[Any]]:
    return {
        "ids": [str(step.message_id) for step in steps],
        "statuses": [step.status for step in steps],
        "sources": [step.source for step in steps],
        "details": [_detail(step, messages[step.message_id]) for step in steps],
        "ats": [step.at for step in steps],
    }


def _detail(step: Step, message: Row[*tuple[Any, ...]]) -> str | None:
    detail = step.detail or (None if step.error_code is None else str(step.error_code))
    if step.provider_id is not None and message.provider_id not in {None, step.provider_id}:
        detail = f"{detail or ''} of another text, {step.provider_id}".strip()
    return detail
