"""The table of media."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import Index, LargeBinary, SmallInteger, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from bot.db import Base
from bot.ids import uuid7


class Media(Base):
    """A file that came with a text: known by where Twilio has it, and fetched only if it is to be sent.

    The copy is not encrypted: it is made to be shown to anybody who knows its name, which is what Twilio and
    every recipient of an announcement are given.
    """

    __tablename__ = "media"
    __table_args__ = (
        UniqueConstraint("source_type", "source_id", "position"),
        Index("ix_media_wanted", "not_before", "id", postgresql_where=text("status = 'wanted'")),
        Index("ix_media_with_url", "id", postgresql_where=text("url <> ''")),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    name: Mapped[str] = mapped_column(unique=True)  # 192 random bits: under it we show the copy
    source_type: Mapped[str]
    source_id: Mapped[uuid.UUID]
    position: Mapped[int] = mapped_column(SmallInteger)
    url: Mapped[str]  # where Twilio has it; empty once it is forgotten
    said_type: Mapped[str]  # what Twilio says it is; what it is, its content tells
    status: Mapped[str]  # known | wanted | fetched | failed | dropped
    failure: Mapped[str | None]  # too_big | no_picture | unavailable
    kind: Mapped[str | None]  # image/jpeg | image/png | image/gif
    size: Mapped[int | None]  # bytes
    sha256: Mapped[bytes | None] = mapped_column(LargeBinary)
    content: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    attempts: Mapped[int] = mapped_column(SmallInteger, default=0)
    not_before: Mapped[datetime | None]
    lease_token: Mapped[uuid.UUID | None]
    leased_until: Mapped[datetime | None]  # by the database's clock
    leased_by: Mapped[str | None]  # host and process id, for whoever looks
    created_at: Mapped[datetime]
    fetched_at: Mapped[datetime | None]
