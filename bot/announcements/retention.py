"""What announcements forget when they are old: what they said, in every language."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, literal, or_, select, update
from sqlalchemy.orm import Session

from bot.announcements.models import Announcement, Wording
from bot.ids import lowest_id_at
from bot.messaging import retention as messaging

#: An announcement has a wording and a rendering in each of six languages.
ROWS_EACH = 12


def redact(session: Session, before: datetime, *, most: int, now: datetime) -> int:
    """Take the words from announcements that were over before a moment; gives how many, 0 when none is left.

    A draft, one that is planned, paused or on its way, or of which a text is unknown, keeps them. Why one was
    urgent stays: it answers for texts at night. Announcements that somebody holds are passed over.

    :param most: how many rows are written at most, of wordings and renderings.
    """
    old = session.scalars(
        select(Announcement.id)
        .where(
            Announcement.redacted_at.is_(None),
            Announcement.id < lowest_id_at(before),
            func.greatest(Announcement.created_at, Announcement.scheduled_for, Announcement.confirmed_at)
            < before,
            _is_over(),
        )
        .order_by(Announcement.id)
        .limit(-(-most // ROWS_EACH))
        .with_for_update(skip_locked=True, key_share=True)
    ).all()
    session.execute(update(Announcement).where(Announcement.id.in_(old)).values(redacted_at=now))
    session.execute(update(Wording).where(Wording.announcement_id.in_(old)).values(text=""))
    messaging.redact_sources(session, "announcement", old, now=now)
    return len(old)


def _is_over() -> ColumnElement[bool]:
    return or_(
        Announcement.status.in_(("discarded", "expired", "missed")),
        and_(
            Announcement.status == "confirmed",
            Announcement.reported_at.is_not(None),
            ~messaging.is_open(literal("announcement"), Announcement.id),
        ),
    )
