"""Pace: how long announcements take from CONFIRM to their last recipient."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select, true
from sqlalchemy.orm import Session

from bot.announcements.models import Announcement
from bot.messaging.models import Chunk, Hold

#: Of those that were confirmed this long ago, the figures speak.
LOOKS_BACK = timedelta(days=1)


@dataclass(frozen=True)
class Pace:
    """Seconds from CONFIRM to the last recipient's text being taken by Twilio; None where there are none."""

    sent: int  # announcements whose every text was called or skipped
    median: float | None
    slowest: float | None
    under_way: int
    longest_under_way: float | None  # seconds since CONFIRM of the one that has been going longest


def pace(session: Session, *, now: datetime) -> Pace:
    """How fast the last day's announcements went out, or still do; without those that their owner paused.

    It reads those announcements and their chunks, one for some hundred messages; never the messages.
    """
    chunks = (
        select(
            func.max(Chunk.finished_at).label("last"),
            func.count().label("all"),
            func.count(Chunk.finished_at).label("finished"),
        )
        .where(Chunk.source_type == "announcement", Chunk.source_id == Announcement.id)
        .lateral()
    )
    took = func.extract("epoch", chunks.c.last - Announcement.confirmed_at)
    going = func.extract("epoch", now - Announcement.confirmed_at)
    is_sent = Announcement.fanned_out_at.is_not(None) & (chunks.c.finished == chunks.c.all)
    row = session.execute(
        select(
            func.count().filter(is_sent),
            func.percentile_cont(0.5).within_group(took).filter(is_sent),
            func.max(took).filter(is_sent),
            func.count().filter(~is_sent),
            func.max(going).filter(~is_sent),
        )
        .select_from(Announcement)
        .join(chunks, true())
        .where(
            Announcement.status == "confirmed",
            Announcement.confirmed_at > now - LOOKS_BACK,
            ~select(Hold.source_id)
            .where(Hold.source_type == "announcement", Hold.source_id == Announcement.id)
            .exists(),
        )
    ).one()
    sent, median, slowest, under_way, longest = row
    return Pace(sent, _number(median), _number(slowest), under_way, _number(longest))


def _number(seconds: object) -> float | None:
    return None if seconds is None else float(str(seconds))
