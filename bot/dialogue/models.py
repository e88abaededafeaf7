"""Tables of the dialogue: what people texted, and where each conversation stands."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from bot.crypto import EncryptedJSON, EncryptedText
from bot.db import Base
from bot.ids import uuid7


class Inbound(Base):
    """A text that somebody sent us. The reply that was given is in the message ledger under its id."""

    __tablename__ = "inbound"
    __table_args__ = (
        Index("ix_inbound_contact_point_id", "contact_point_id", "id"),
        Index("ix_inbound_with_words", "id", postgresql_where=text("redacted_at IS NULL")),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    provider_id: Mapped[str] = mapped_column(unique=True)  # MessageSid
    contact_point_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("contact_point.id"))
    sender_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("sender.id"))
    client_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("client.id"))  # for whom it is kept
    body: Mapped[str] = mapped_column(EncryptedText())
    media_count: Mapped[int] = mapped_column(SmallInteger)
    opt_out_type: Mapped[str | None]  # Twilio's OptOutType
    outcome: Mapped[str]  # which conversation took it, as flow.step
    received_at: Mapped[datetime]
    redacted_at: Mapped[datetime | None]  # its words went after RETENTION_DAYS


class Watch(Base):
    """A number of ours whose texts are looked for in Twilio's list, in case our webhook missed some."""

    __tablename__ = "watch"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    number: Mapped[str] = mapped_column(unique=True)  # E.164
    sender_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("sender.id"))
    seen_until: Mapped[datetime]
    lease_token: Mapped[uuid.UUID | None]
    leased_until: Mapped[datetime | None]  # by the database's clock
    leased_by: Mapped[str | None]
    not_before: Mapped[datetime]


class Conversation(Base):
    """Where the talk with one phone on one sender stands; locked for each turn."""

    __tablename__ = "conversation"
    __table_args__ = (
        Index("ix_conversation_remembering", "expires_at", postgresql_where=text("flow IS NOT NULL")),
    )

    contact_point_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("contact_point.id"), primary_key=True)
    sender_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("sender.id"), primary_key=True)
    flow: Mapped[str | None]  # no flow: nothing is going on
    state: Mapped[str | None]
    memory: Mapped[dict[str, Any] | None] = mapped_column(EncryptedJSON())
    expires_at: Mapped[datetime | None]
    updated_at: Mapped[datetime]


class Prompt(Base):
    """An expiring question that stands beside a conversation ("which of these did you mean?")."""

    __tablename__ = "prompt"
    __table_args__ = (
        Index(
            "ix_prompt_open",
            "contact_point_id",
            "sender_id",
            "id",
            postgresql_where=text("closed_at IS NULL"),
        ),
        Index("ix_prompt_remembering", "id", postgresql_where=text("memory IS NOT NULL")),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    contact_point_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("contact_point.id"))
    sender_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("sender.id"))
    flow: Mapped[str]
    question: Mapped[str]
    memory: Mapped[dict[str, Any] | None] = mapped_column(EncryptedJSON())
    asked_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
