"""Tables of messaging: who may be reached through what, and the ledger of messages."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from bot.crypto import EncryptedText
from bot.db import Base
from bot.ids import uuid7


class Sender(Base):
    """A Twilio Messaging Service or number that texts come from; shared, or one client's own."""

    __tablename__ = "sender"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    kind: Mapped[str]  # service | number
    provider_id: Mapped[str] = mapped_column(unique=True)  # MG… of a service, E.164 of a number
    phone_number: Mapped[str | None]  # E.164 that people text, learnt from their texts
    client_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("client.id", use_alter=True))
    opt_outs_by: Mapped[str]  # carrier | bot: who blocks on STOP and answers it
    segments_per_second: Mapped[int | None]  # none: as fast as Twilio takes it
    daily_cap: Mapped[int | None]  # segments
    paused_at: Mapped[datetime | None]  # something is wrong at Twilio: nothing is sent until it is resumed
    paused_reason: Mapped[str | None]
    resumed_at: Mapped[datetime | None]  # the last time
    created_at: Mapped[datetime]


class SenderDay(Base):
    """How many segments a sender with a daily cap has used on one day (``caps.py``)."""

    __tablename__ = "sender_day"

    sender_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("sender.id"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    segments: Mapped[int]


class Place(Base):
    """A place that somebody may be in. A few hundred rows, however many people; they never change."""

    __tablename__ = "place"
    __table_args__ = (UniqueConstraint("zones", "region"),)

    id: Mapped[int] = mapped_column(Integer, Identity(always=True), primary_key=True)
    zones: Mapped[str]  # IANA names, with commas between; several when we can't tell which
    region: Mapped[str]  # ISO 3166: US-FL, or a country alone; "" where unknown


class ContactPoint(Base):
    """One way to reach one person; today a phone number."""

    __tablename__ = "contact_point"
    __table_args__ = (
        Index("ix_contact_point_person_id", "person_id"),
        Index("ix_contact_point_not_looked_up", "id", postgresql_where=text("place_source IS NULL")),
        Index("ix_contact_point_suppressed", "person_id", postgresql_where=text("suppressed_at IS NOT NULL")),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    channel: Mapped[str] = mapped_column(default="sms")
    address: Mapped[str | None] = mapped_column(EncryptedText())  # none: erased at the person's wish
    address_index: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    last4: Mapped[str]
    suppressed_at: Mapped[datetime | None]
    suppressed_reason: Mapped[str | None]  # Twilio's error code, as text
    verified_at: Mapped[datetime | None]
    place_id: Mapped[int | None] = mapped_column(ForeignKey("place.id"))
    place_source: Mapped[str | None]  # person | client | number; none: not looked up yet
    created_at: Mapped[datetime]


class OptOut(Base):
    """A STOP, from the moment it was said until a START lifted it. Rows are never removed."""

    __tablename__ = "opt_out"
    __table_args__ = (
        Index(
            "uq_opt_out_in_force",
            "contact_point_id",
            "sender_id",
            unique=True,
            postgresql_where=text("lifted_at IS NULL"),
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    contact_point_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("contact_point.id"))
    sender_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("sender.id"))
    blocked_by_carrier: Mapped[bool]  # only START / UNSTOP / YES lifts the carrier's own block
    source: Mapped[str]  # sms (STOP) | plain words | 21610
    opted_out_at: Mapped[datetime]
    lifted_at: Mapped[datetime | None]


class Respite(Base):
    """Announcements leave somebody alone for a while: we asked whether they want to end, or to stay.

    It ends with their answer, or by itself at ``until``. Rows are never removed.
    """

    __tablename__ = "respite"
    __table_args__ = (
        Index("ix_respite_contact_point_id", "contact_point_id", "sender_id", "began_at"),
        Index(
            "uq_respite_in_force",
            "contact_point_id",
            "sender_id",
            unique=True,
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    contact_point_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("contact_point.id"))
    sender_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("sender.id"))
    began_at: Mapped[datetime]
    until: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class Rendering(Base):
    """A text as it goes out in one language, frozen."""

    __tablename__ = "rendering"
    __table_args__ = (
        UniqueConstraint("source_type", "source_id", "locale", "part"),
        Index("ix_rendering_with_words", "id", postgresql_where=text("redacted_at IS NULL")),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    source_type: Mapped[str]
    source_id: Mapped[uuid.UUID]
    locale: Mapped[str]
    part: Mapped[int] = mapped_column(SmallInteger, default=0)  # several replies to one text
    text: Mapped[str] = mapped_column(EncryptedText())
    # Names of the pictures that go along, under which bot.media shows them.
    media: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list, server_default="{}")
    encoding: Mapped[str]  # GSM-7 | UCS-2
    segments: Mapped[int] = mapped_column(SmallInteger)
    redacted_at: Mapped[datetime | None]  # its words went after RETENTION_DAYS


class Chunk(Base):
    """Up to a few hundred messages that are leased together."""

    __tablename__ = "chunk"
    __table_args__ = (
        Index(
            "ix_chunk_open",
            "lane",
            "sender_id",
            text("client_id NULLS FIRST"),
            "not_before",
            "id",
            postgresql_where=text("finished_at IS NULL"),
        ),
        Index("ix_chunk_source", "source_type", "source_id"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    lane: Mapped[str]  # the queue whose workers send it: express | bulk
    sender_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("sender.id"))
    client_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("client.id"))  # they take turns
    source_type: Mapped[str]
    source_id: Mapped[uuid.UUID]
    lease_token: Mapped[uuid.UUID | None]
    leased_until: Mapped[datetime | None]  # by the database's clock
    leased_by: Mapped[str | None]  # host and process id, for whoever looks
    not_before: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    hours: Mapped[str | None]  # as bot/messaging/quiet.py writes them; none: its texts go at any hour
    created_at: Mapped[datetime]


class Hold(Base):
    """The texts of a source wait until this row is gone; once dropped, they are never sent."""

    __tablename__ = "hold"

    source_type: Mapped[str] = mapped_column(primary_key=True)
    source_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    held_at: Mapped[datetime]
    dropped_at: Mapped[datetime | None]


class Message(Base):
    """The ledger: one row for every text to one person, for good.

    It has no foreign keys: checking five for each row took half the time of a fan-out, and wrote to every
    contact point. What it names is never deleted, and was read in the transaction that writes the row.
    """

    __tablename__ = "message"
    __table_args__ = (
        Index("ix_message_chunk_id", "chunk_id", "position", postgresql_where=text("chunk_id IS NOT NULL")),
        Index("ix_message_source", "source_type", "source_id"),
        Index(
            "ix_message_unfinished", "source_type", "source_id", "rank", postgresql_where=text("rank < 80")
        ),
        # Pending, being called, or unknown.
        Index("ix_message_contact_point_id_open", "contact_point_id", postgresql_where=text("rank <= 20")),
        Index("ix_message_unknown", "updated_at", postgresql_where=text("rank = 20")),
        Index("ix_message_provider_id", "provider_id", postgresql_where=text("provider_id IS NOT NULL")),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    channel: Mapped[str] = mapped_column(default="sms")
    purpose: Mapped[str]  # announcement | series | reply | notice
    client_id: Mapped[uuid.UUID | None]
    contact_point_id: Mapped[uuid.UUID]
    sender_id: Mapped[uuid.UUID]
    source_type: Mapped[str]
    source_id: Mapped[uuid.UUID]
    rendering_id: Mapped[uuid.UUID]
    idempotency_key: Mapped[uuid.UUID] = mapped_column(unique=True)
    chunk_id: Mapped[uuid.UUID | None]
    position: Mapped[int]
    status: Mapped[str]
    rank: Mapped[int] = mapped_column(SmallInteger)
    attempts: Mapped[int] = mapped_column(SmallInteger, default=0)
    next_attempt_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    calling_at: Mapped[datetime | None]
    provider_id: Mapped[str | None]  # Twilio's MessageSid
    error_code: Mapped[int | None]
    skip_reason: Mapped[str | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class Lookup(Base):
    """A number with messages that are unknown, to be looked up in Twilio's list."""

    __tablename__ = "lookup"
    __table_args__ = (Index("ix_lookup_not_before", "not_before", "id"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    contact_point_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("contact_point.id"), unique=True)
    lease_token: Mapped[uuid.UUID | None]
    leased_until: Mapped[datetime | None]  # by the database's clock
    leased_by: Mapped[str | None]
    not_before: Mapped[datetime]
    created_at: Mapped[datetime]


class EndedAttempt(Base):
    """A text that Twilio took and could not deliver, and whose message is sent again.

    What is still told about it must not be taken for news of the text that goes out in its place.
    """

    __tablename__ = "ended_attempt"

    provider_id: Mapped[str] = mapped_column(primary_key=True)  # Twilio's MessageSid
    message_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("message.id"))
    ended_at: Mapped[datetime]


class MessageHistory(Base):
    """Every step of every message, appended with the step."""

    __tablename__ = "message_history"
    __table_args__ = (Index("ix_message_history_message_id", "message_id"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    message_id: Mapped[uuid.UUID]
    status: Mapped[str]
    source: Mapped[str]  # send | receipt | look | policy | operator | opt-out | sweep
    detail: Mapped[str | None]
    at: Mapped[datetime]


class Receipt(Base):
    """The inbox of status callbacks: appended when they come, gone once applied to the ledger."""

    __tablename__ = "receipt"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    message_id: Mapped[uuid.UUID | None]  # ours, from the callback's URL
    provider_id: Mapped[str]
    status: Mapped[str]  # Twilio's word
    error_code: Mapped[int | None]
    received_at: Mapped[datetime]
