"""Verbs of media: take note of files, want them, drop them. None of these commits or fetches."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from bot import jobs
from bot.config import settings
from bot.ids import uuid7
from bot.media import kinds
from bot.media.models import Media


@dataclass(frozen=True)
class Received:
    """A file that came with a text; all we know is what Twilio says of it."""

    id: uuid.UUID
    said_type: str

    @property
    def may_be_picture(self) -> bool:
        """Whether it may turn out to be something that can be sent."""
        return kinds.may_be_picture(self.said_type)


@dataclass(frozen=True)
class File:
    """A file that was wanted, and what has become of it."""

    id: uuid.UUID
    status: str
    failure: str | None
    size: int
    name: str  # with its ending, as we show it; only of use once it is fetched


def receive(
    session: Session,
    *,
    source_type: str,
    source_id: uuid.UUID,
    files: Sequence[tuple[str, str]],
    now: datetime,
) -> list[Received]:
    """Take note of the files that came with a text, each its URL and MIME type, in their order."""
    rows = [
        {
            "id": uuid7(),
            "name": secrets.token_urlsafe(24),
            "source_type": source_type,
            "source_id": source_id,
            "position": position,
            "url": url,
            "said_type": said_type,
            "status": "known",
            "attempts": 0,
            "created_at": now,
        }
        for position, (url, said_type) in enumerate(files)
    ]
    if rows:
        session.execute(insert(Media), rows)
    return [Received(uuid.UUID(str(row["id"])), str(row["said_type"])) for row in rows]


def want(session: Session, ids: Iterable[uuid.UUID], *, now: datetime) -> None:
    """Have files fetched after the commit."""
    from bot.media.jobs import fetch_wanted

    session.execute(
        update(Media)
        .where(Media.id.in_(ids), Media.status == "known")
        .values(status="wanted", not_before=now)
    )
    jobs.defer(session, jobs.BULK, fetch_wanted)


def drop(session: Session, ids: Iterable[uuid.UUID]) -> None:
    """Keep no copy of these files, and fetch none; whoever is fetching one finds its lease gone."""
    session.execute(
        update(Media)
        .where(Media.id.in_(ids), Media.status != "dropped")
        .values(status="dropped", content=None, lease_token=None, leased_until=None, leased_by=None)
    )


def forget(session: Session, source_type: str, source_ids: Sequence[uuid.UUID]) -> None:
    """Forget where the files of these texts are. One that was wanted is an announcement's, and stays."""
    session.execute(
        update(Media)
        .where(Media.source_type == source_type, Media.source_id.in_(source_ids), Media.status == "known")
        .values(status="dropped", url="")
        .execution_options(synchronize_session=False)
    )


def files(session: Session, ids: Sequence[uuid.UUID]) -> list[File]:
    """What has become of files that were wanted, in the order of ``ids``."""
    found = {
        row.id: File(row.id, row.status, row.failure, row.size or 0, _full_name(row.name, row.kind))
        for row in session.execute(
            select(Media.id, Media.status, Media.failure, Media.size, Media.name, Media.kind).where(
                Media.id.in_(ids)
            )
        )
    }
    return [found[each] for each in ids]


def address(name: str) -> str:
    """Where anybody who knows a file's name finds our copy."""
    return f"{settings().public_url}/media/{name}"


def _full_name(name: str, kind: str | None) -> str:
    return f"{name}.{kinds.ENDINGS[kind]}" if kind else name
