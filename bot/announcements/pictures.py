"""Pictures of an announcement: kept with the draft, fetched after the turn, and sent along or not at all.

A picture that can't be sent keeps its announcement from being sent: its author is told, and nobody gets half
of what was meant.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, delete, insert, or_, select
from sqlalchemy.orm import Session

from bot import i18n
from bot.announcements import report
from bot.announcements.models import Announcement, Picture
from bot.i18n import Text, _
from bot.media import service as media
from bot.media.kinds import MOST_BYTES, MOST_FILES
from bot.media.models import Media

#: Twilio has long fetched what it sends; a text is tried for ten hours at most.
KEPT_AFTER_SENDING = timedelta(days=7)

COMPLAINTS: dict[str, Text] = {
    "too_big": _(
        "{client}: the pictures are too big: all together may have 5 MB. Nothing was sent. "
        "Text the announcement again, with smaller ones or without."
    ),
    "no_picture": _(
        "{client}: one of the files can't be sent: only JPEG, PNG and GIF can. Nothing was sent. "
        "Text the announcement again, with another picture or without."
    ),
    "unavailable": _(
        "{client}: the picture didn't reach us. Nothing was sent. "
        "Text the announcement again, with it or without."
    ),
}


@dataclass(frozen=True)
class Failure:
    """Why the pictures can't be sent (a key of ``COMPLAINTS``), and which one is to blame."""

    reason: str
    media_id: uuid.UUID

    @property
    def complaint(self) -> Text:
        """What its author reads; it wants the client's name."""
        return COMPLAINTS[self.reason]


@dataclass(frozen=True)
class Pictures:
    """The pictures of one announcement.

    :param names: what ``bot.media`` shows them as, once nothing is awaited.
    """

    count: int
    awaited: bool
    failure: Failure | None
    names: list[str]


def of(session: Session, announcement_id: uuid.UUID) -> Pictures:
    """The pictures of an announcement as they stand."""
    files = media.files(session, _ids(session, announcement_id))
    failed = next((Failure(each.failure, each.id) for each in files if each.failure), None)
    if failed is None and sum(each.size for each in files) > MOST_BYTES:
        failed = Failure("too_big", files[-1].id)
    return Pictures(
        count=len(files),
        awaited=any(each.status == "wanted" for each in files),
        failure=failed,
        names=[each.name for each in files],
    )


def add(session: Session, announcement_id: uuid.UUID, new: Sequence[uuid.UUID], *, now: datetime) -> int:
    """Let files go along with a draft, in the place of those that failed; returns how many had no room."""
    if not new:
        return 0
    while failure := of(session, announcement_id).failure:
        _take_away(session, announcement_id, [failure.media_id])
    known = _ids(session, announcement_id)
    room = max(0, MOST_FILES - len(known))
    rows = [
        {"announcement_id": announcement_id, "media_id": each, "position": position}
        for position, each in enumerate(new[:room], len(known))
    ]
    if rows:
        session.execute(insert(Picture), rows)
        media.want(session, new[:room], now=now)
    return len(new) - len(rows)


def drop(session: Session, announcement_id: uuid.UUID) -> None:
    """Keep no copy of an announcement's pictures."""
    media.drop(session, _ids(session, announcement_id))


def announcement_with(session: Session, media_id: uuid.UUID) -> uuid.UUID | None:
    """The announcement that a file goes along with."""
    return session.scalar(select(Picture.announcement_id).where(Picture.media_id == media_id))


def refuse(session: Session, announcement: Announcement, failure: Failure, *, now: datetime) -> None:
    """Tell the author that the pictures can't be sent, and send nothing if that was already wanted.

    :param announcement: locked, and not fanned out.
    """
    if announcement.status in {"confirmed", "scheduled"}:
        announcement.status = "discarded"
    report.tell_author(
        session,
        announcement,
        ("picture_refused", failure.media_id),
        lambda client, locale: i18n.render(failure.complaint, locale, client=client),
        now=now,
    )


def no_longer_needed(session: Session, now: datetime) -> list[uuid.UUID]:
    """Announcements with copies that nobody needs: sent a week ago, discarded, or drafts that expired."""
    return list(
        session.scalars(
            select(Picture.announcement_id)
            .distinct()
            .join(Announcement, Announcement.id == Picture.announcement_id)
            .join(Media, Media.id == Picture.media_id)
            .where(
                Media.status != "dropped",
                or_(
                    Announcement.status.in_(("discarded", "expired", "missed")),
                    and_(Announcement.status == "draft", Announcement.expires_at < now),
                    Announcement.fanned_out_at < now - KEPT_AFTER_SENDING,
                ),
            )
        )
    )


def _take_away(session: Session, announcement_id: uuid.UUID, ids: Sequence[uuid.UUID]) -> None:
    session.execute(
        delete(Picture).where(Picture.announcement_id == announcement_id, Picture.media_id.in_(ids))
    )
    media.drop(session, ids)


def _ids(session: Session, announcement_id: uuid.UUID) -> Sequence[uuid.UUID]:
    return session.scalars(
        select(Picture.media_id).where(Picture.announcement_id == announcement_id).order_by(Picture.position)
    ).all()
