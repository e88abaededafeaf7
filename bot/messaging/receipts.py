"""Receipts: what Twilio tells about a text after it took it.

The webhook only appends, so that it answers at once; applying is done in batches, in any order.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

import structlog
from sqlalchemy import Connection, Row, Table, delete, func, insert, select
from sqlalchemy.orm import Session

from bot import db, metrics
from bot.messaging import steps
from bot.messaging.models import Message, Receipt
from bot.messaging.statuses import FROM_TWILIO
from bot.messaging.steps import Step

log = structlog.get_logger()

BATCH = 1000

# Made once, for the table, and without asking for the new id: a broadcast's receipts come by the thousand.
_APPEND = insert(cast(Table, Receipt.__table__)).inline()


def append(
    connection: Connection | Session,
    *,
    message_id: uuid.UUID | None,
    provider_id: str,
    status: str,
    error_code: int | None,
    now: datetime,
) -> None:
    """Keep a status callback for :func:`apply`.

    :param message_id: ours, from the callback's URL; None where it has none.
    :param provider_id: Twilio's MessageSid.
    :param status: Twilio's word (MessageStatus).
    :param error_code: Twilio's ErrorCode, which comes with ``failed`` and ``undelivered``.
    """
    connection.execute(
        _APPEND,
        {
            "message_id": message_id,
            "provider_id": provider_id,
            "status": status,
            "error_code": error_code,
            "received_at": now,
        },
    )


def apply(session: Session, *, now: datetime) -> int:
    """Apply up to :data:`BATCH` receipts to the ledger and remove them; returns how many there were.

    A receipt may finish a message whose acceptance we never saw. One for a message that we don't know is
    logged and dropped.
    """
    # One at a time: two that held receipts of the same message could not know each other's.
    session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended("receipts", 0))))
    receipts = session.execute(select(*Receipt.__table__.columns).order_by(Receipt.id).limit(BATCH)).all()
    if not receipts:
        return 0
    by_id, by_provider_id = _known(session, receipts)
    found: list[Step] = []
    for receipt in receipts:
        message_id = by_id.get(receipt.message_id) or by_provider_id.get(receipt.provider_id)
        status = FROM_TWILIO.get(receipt.status)
        if message_id is None or status is None:
            log.warning("receipt_dropped", provider_id=receipt.provider_id, status=receipt.status)
            continue
        found.append(
            Step(
                message_id,
                status,
                "receipt",
                receipt.received_at,
                provider_id=receipt.provider_id,
                error_code=receipt.error_code,
            )
        )
    steps.take(session, found, now=now)
    db.after_commit(session, lambda: _count(receipts))
    session.execute(delete(Receipt).where(Receipt.id.in_([receipt.id for receipt in receipts])))
    return len(receipts)


def wait(session: Session) -> bool:
    """Whether there are receipts to apply."""
    return bool(session.scalar(select(select(Receipt.id).exists())))


def _count(receipts: Sequence[Row[*tuple[Any, ...]]]) -> None:
    for (status, error), count in Counter((each.status, each.error_code) for each in receipts).items():
        metrics.RECEIPTS.labels(status if status in FROM_TWILIO else "other", error or "").inc(count)


def _known(
    session: Session, receipts: Sequence[Row[*tuple[Any, ...]]]
) -> tuple[dict[uuid.UUID, uuid.UUID], dict[str, uuid.UUID]]:
    """The messages that the receipts are about: by our id, and by Twilio's."""
    ids = {receipt.message_id for receipt in receipts if receipt.message_id is not None}
    known = {found: found for found in session.scalars(select(Message.id).where(Message.id.in_(ids)))}
    sids = {receipt.provider_id for receipt in receipts if receipt.message_id not in known}
    by_sid = session.execute(
        select(Message.provider_id, Message.id).where(Message.provider_id.in_(sids))
    ).all()
    return known, {sid: message_id for sid, message_id in by_sid if sid is not None}
