"""Reads of media."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot import claims
from bot.media.fetching import MEDIA, is_due
from bot.media.models import Media


class NoSuchFile(LookupError):
    """We have no copy under this name, or no longer."""


@dataclass(frozen=True)
class Copy:
    """Our copy of a file."""

    content: bytes
    kind: str  # MIME type
    sha256: bytes


def copy(session: Session, name: str) -> Copy:
    """Our copy of a file, by its name without the ending.

    :raises NoSuchFile: there is none.
    """
    row = session.execute(
        select(Media.content, Media.kind, Media.sha256).where(Media.name == name, Media.status == "fetched")
    ).one_or_none()
    if row is None:
        raise NoSuchFile("There is no such file.")
    return Copy(bytes(row.content), row.kind, bytes(row.sha256))


def waiting(session: Session, now: datetime) -> int:
    """How many files could be fetched now."""
    due = select(func.count()).select_from(MEDIA).where(*is_due(now), claims.free(MEDIA))
    return session.scalar(due) or 0
