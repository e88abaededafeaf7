"""Tables of what clients say automatically."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, Index, Interval, SmallInteger, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from bot.crypto import EncryptedText
from bot.db import Base
from bot.ids import uuid7


class Keyword(Base):
    """A word that a client's subscribers may text for an answer."""

    __tablename__ = "keyword"
    __table_args__ = (UniqueConstraint("client_id", "word"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    client_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("client.id"))
    word: Mapped[str]  # folded: without case, accents and punctuation
    shown: Mapped[str]  # as its author wrote it, in capitals
    created_at: Mapped[datetime]


class KeywordAnswer(Base):
    """What a keyword is answered in one language."""

    __tablename__ = "keyword_answer"

    keyword_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("keyword.id", ondelete="CASCADE"), primary_key=True
    )
    locale: Mapped[str] = mapped_column(primary_key=True)
    text: Mapped[str] = mapped_column(EncryptedText())


class KeywordUse(Base):
    """A keyword was answered once more. Appended to, so that a popular one makes nobody wait."""

    __tablename__ = "keyword_use"
    __table_args__ = (Index("ix_keyword_use_keyword_id", "keyword_id"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    keyword_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("keyword.id", ondelete="CASCADE"))
    at: Mapped[datetime]


class WelcomeStep(Base):
    """Something that every new subscriber of a client receives, some time after joining."""

    __tablename__ = "welcome_step"
    __table_args__ = (
        Index(
            "uq_welcome_step_in_force",
            "client_id",
            "position",
            unique=True,
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    client_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("client.id"))
    position: Mapped[int] = mapped_column(SmallInteger)  # from 1
    delay: Mapped[timedelta] = mapped_column(Interval())  # after joining
    since: Mapped[datetime]  # what was due before this moment is not sent
    ended_at: Mapped[datetime | None]


class WelcomeWording(Base):
    """What a step says in one language, with {name} and {client} as its author wrote them."""

    __tablename__ = "welcome_wording"

    step_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("welcome_step.id"), primary_key=True)
    locale: Mapped[str] = mapped_column(primary_key=True)
    text: Mapped[str] = mapped_column(EncryptedText())


class WelcomeBatch(Base):
    """Some subscribers for whom a step was queued together: the source of their messages."""

    __tablename__ = "welcome_batch"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    step_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("welcome_step.id"))
    queued_at: Mapped[datetime]
