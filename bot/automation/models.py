"""Tables of what clients say automatically."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint
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
