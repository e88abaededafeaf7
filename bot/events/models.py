"""Tables of the outbox."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import UserDefinedType

from bot.db import Base
from bot.ids import uuid7

DONE = "done"
RETRY = "retry"
DEAD = "dead"


class Xid8(UserDefinedType[int]):
    """Postgres's 64-bit transaction id."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "xid8"


class Event(Base):
    """Something that happened, written in the transaction that made it happen.

    ``transaction_id`` is for readers that keep a cursor: they may take only what lies below
    ``pg_snapshot_xmin(pg_current_snapshot())``, or they skip a transaction that commits late. Our own
    dispatcher keeps no cursor; it looks for rows without ``dispatched_at``.
    """

    __tablename__ = "event"
    __table_args__ = (
        UniqueConstraint("subject_type", "subject_id", "subject_sequence"),
        Index("ix_event_undispatched", "id", postgresql_where=text("dispatched_at IS NULL")),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    client_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("client.id"))
    subject_type: Mapped[str]
    subject_id: Mapped[uuid.UUID]
    subject_sequence: Mapped[int]
    type: Mapped[str]
    version: Mapped[int] = mapped_column(default=1)
    actor: Mapped[str]
    causation_id: Mapped[uuid.UUID | None]
    correlation_id: Mapped[uuid.UUID | None]
    occurred_at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    transaction_id: Mapped[int] = mapped_column(Xid8(), server_default=text("pg_current_xact_id()"))
    payload: Mapped[dict[str, Any]]
    dispatched_at: Mapped[datetime | None]


class Handling(Base):
    """What became of one event in the hands of one consumer: ``done``, ``retry`` or ``dead``."""

    __tablename__ = "event_handling"
    __table_args__ = (Index("ix_event_handling_dead", "event_id", postgresql_where=text("status = 'dead'")),)

    consumer: Mapped[str] = mapped_column(primary_key=True)
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("event.id"), primary_key=True)
    status: Mapped[str]
    attempts: Mapped[int]
    next_attempt_at: Mapped[datetime | None]
    error: Mapped[str | None]
