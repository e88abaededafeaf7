"""Tables of the audience."""

from __future__ import annotations

import uuid
from datetime import datetime, time

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from bot.crypto import EncryptedText
from bot.db import Base
from bot.ids import uuid7


class Person(Base):
    """A human being; their numbers are ``contact_point`` rows."""

    __tablename__ = "person"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    name: Mapped[str | None] = mapped_column(EncryptedText())  # as a list that was imported has it
    locale: Mapped[str | None]  # what they chose, or the list they came with says; nobody guesses
    time_zone: Mapped[str | None]
    time_zone_source: Mapped[str | None]
    platform_role: Mapped[str | None]
    created_at: Mapped[datetime]


class Client(Base):
    """A business that announces; the tenant."""

    __tablename__ = "client"
    __table_args__ = (Index("ix_client_sender_id", "sender_id"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    name: Mapped[str]
    slug: Mapped[str] = mapped_column(unique=True)
    status: Mapped[str]  # active | suspended
    locale: Mapped[str]
    time_zone: Mapped[str]
    texts_from: Mapped[time | None]  # the hours in which its announcements reach people, by their own clocks,
    texts_until: Mapped[time | None]  # where the law has no stricter ones
    support_contact: Mapped[str | None]  # what HELP names: an address, a number or a page
    sender_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("sender.id"))
    subscribers_told_at: Mapped[datetime | None]  # when members were last told of new subscribers
    created_at: Mapped[datetime]


class Membership(Base):
    """A person who speaks for a client."""

    __tablename__ = "membership"
    __table_args__ = (Index("ix_membership_client_id", "client_id"),)

    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)
    client_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("client.id"), primary_key=True)
    role: Mapped[str]  # owner
    created_at: Mapped[datetime]


class Subscription(Base):
    """A person follows a client, from ``joined_at`` until ``left_at``. Coming back makes a new row, so that
    who followed at a given moment can always be told.
    """

    __tablename__ = "subscription"
    __table_args__ = (
        Index(
            "uq_subscription_in_force",
            "person_id",
            "client_id",
            unique=True,
            postgresql_where=text("left_at IS NULL"),
        ),
        Index("ix_subscription_client_id", "client_id", "joined_at"),
        Index("ix_subscription_client_id_id", "client_id", "id"),  # the fan-out goes along it
        Index(
            "ix_subscription_untold",
            "client_id",
            postgresql_where=text("told_at IS NULL AND left_at IS NULL"),
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    client_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("client.id"))
    joined_at: Mapped[datetime]
    left_at: Mapped[datetime | None]
    told_at: Mapped[datetime | None]  # when the client's members were told of it


class Consent(Base):
    """The ledger of consent: what was shown, what was said, how and when. Only ever appended to; when
    somebody is erased, words are taken away.
    """

    __tablename__ = "consent"
    __table_args__ = (Index("ix_consent_person_id", "person_id"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    client_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("client.id"))
    sender_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("sender.id"))
    channel: Mapped[str]
    purpose: Mapped[str]  # announcements
    action: Mapped[str]  # join | leave | opt_out | opt_in | asked | stay | erase
    source: Mapped[str]  # sms | plain words | 21610 | operator | import
    text_shown: Mapped[str | None] = mapped_column(EncryptedText())
    words_said: Mapped[str | None] = mapped_column(EncryptedText())
    provider_id: Mapped[str | None]  # MessageSid of what they said
    ip: Mapped[str | None]
    at: Mapped[datetime]
