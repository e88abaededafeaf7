"""What messaging forgets when it is old: the words of texts of which nothing more is expected."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, SQLColumnExpression, select, update
from sqlalchemy.orm import Session

from bot.ids import lowest_id_at
from bot.messaging.models import Message, Rendering
from bot.messaging.service import rows
from bot.messaging.statuses import FINAL_RANK


def redact(session: Session, before: datetime, *, most: int, now: datetime) -> int:
    """Take the words from texts that were written before a moment; gives how many, 0 when none is left.

    Language, encoding and segments stay, and the ledger does: its sums do not change. Whatever may still be
    sent, or is unknown and compared with Twilio's texts, keeps its words. So do announcements' texts here:
    only they know whether theirs are still to be fanned out. Rows that somebody holds are passed over.
    """
    old = (
        select(Rendering.id)
        .where(
            Rendering.redacted_at.is_(None),
            Rendering.id < lowest_id_at(before),
            Rendering.source_type != "announcement",
            ~is_open(Rendering.source_type, Rendering.source_id),
        )
        .order_by(Rendering.id)
        .limit(most)
        .with_for_update(skip_locked=True, key_share=True)
    )
    return _redact(session, Rendering.id.in_(session.scalars(old).all()), now=now)


def redact_sources(
    session: Session, source_type: str, source_ids: Sequence[uuid.UUID], *, now: datetime
) -> None:
    """Take the words from every text of these sources, which are over."""
    of_sources = (Rendering.source_type == source_type) & Rendering.source_id.in_(source_ids)
    _redact(session, of_sources, now=now)


def is_open(
    source_type: SQLColumnExpression[str], source_id: SQLColumnExpression[uuid.UUID]
) -> ColumnElement[bool]:
    """The condition that of a source something may still be sent, or more be heard."""
    unfinished = select(Message.id).where(
        Message.source_type == source_type, Message.source_id == source_id, Message.rank < FINAL_RANK
    )
    return unfinished.exists()


def _redact(session: Session, which: ColumnElement[bool], *, now: datetime) -> int:
    return rows(
        session.execute(
            update(Rendering)
            .where(which)
            .values(text="", redacted_at=now)
            .execution_options(synchronize_session=False)
        )
    )
