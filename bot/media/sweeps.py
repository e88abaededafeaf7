"""What media look after from rows alone."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from bot import db
from bot.media import jobs, queries


def unfetched_media(session: Session, now: datetime) -> None:
    """Files that are due: their job was lost, their wait is over, or who fetched them died."""
    if queries.waiting(session, now):
        db.after_commit(session, jobs.wake_fetcher)
