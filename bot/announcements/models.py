"""Tables of announcements."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, Index, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from bot.crypto import EncryptedText
from bot.db import Base
from bot.ids import uuid7


class Announcement(Base):
    """One announcement, from the owner's text to the report that it is done.

    Whether it is done is a question to the message ledger, never a counter here.
    """

    __tablename__ = "announcement"
    __table_args__ = (
        Index("ix_announcement_client_id", "client_id", "id"),
        Index(
            "ix_announcement_confirmed_at",
            "confirmed_at",
            postgresql_where=text("confirmed_at IS NOT NULL"),
        ),
        Index(
            "ix_announcement_unreported",
            "id",
            postgresql_where=text("status = 'confirmed' AND reported_at IS NULL"),
        ),
        Index("ix_announcement_scheduled", "scheduled_for", postgresql_where=text("status = 'scheduled'")),
        Index("ix_announcement_with_words", "id", postgresql_where=text("redacted_at IS NULL")),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    client_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("client.id"))
    sender_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("sender.id"))
    author_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("contact_point.id"))
    status: Mapped[str]  # draft | scheduled | confirmed | discarded | expired | missed
    locale: Mapped[str]  # of the wording that stands in where a subscriber's language has none
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    urgent_because: Mapped[str | None] = mapped_column(EncryptedText())  # at any hour, then
    scheduled_for: Mapped[datetime | None]
    confirmed_at: Mapped[datetime | None]
    audience_size: Mapped[int | None]  # frozen by CONFIRM, made exact by the fan-out
    fanned_out_at: Mapped[datetime | None]
    fanned_out_to: Mapped[uuid.UUID | None]  # while it goes on: the last subscription that has its row
    fanned_out_count: Mapped[int] = mapped_column(default=0)  # and how many have
    reported_at: Mapped[datetime | None]  # when the owner was told how it went
    redacted_at: Mapped[datetime | None]  # its words went after RETENTION_DAYS


class Wording(Base):
    """What an announcement says in one language, as its author wrote it."""

    __tablename__ = "wording"

    announcement_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("announcement.id"), primary_key=True)
    locale: Mapped[str] = mapped_column(primary_key=True)
    text: Mapped[str] = mapped_column(EncryptedText())


class Picture(Base):
    """A picture that goes along with an announcement, in every language."""

    __tablename__ = "picture"
    __table_args__ = (Index("ix_picture_media_id", "media_id"),)

    announcement_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("announcement.id"), primary_key=True)
    media_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("media.id"), primary_key=True)
    position: Mapped[int] = mapped_column(SmallInteger)
