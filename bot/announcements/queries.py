"""Reads of announcements."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from bot.announcements.models import Announcement
from bot.audience.models import Client
from bot.messaging import holds
from bot.messaging import queries as messaging
from bot.messaging.models import Chunk, Hold
from bot.messaging.queries import Ledger


class UnknownAnnouncement(LookupError):
    """No announcement has this id, and no client of this slug has one; the message says how to list them."""


@dataclass(frozen=True)
class Progress:
    """How far an announcement has come. The ledger's sum and ``not_yet_queued`` are its audience."""

    announcement: Announcement
    ledger: Ledger
    paused: bool

    @property
    def audience_size(self) -> int:
        """Everybody it is for."""
        return max(self.announcement.audience_size or 0, self.ledger.total)

    @property
    def not_yet_queued(self) -> int:
        """Those for whom the fan-out has still to write a row."""
        return self.audience_size - self.ledger.total


def latest(session: Session, client_id: uuid.UUID) -> Progress | None:
    """A client's latest confirmed announcement, if there is one."""
    announcement = session.scalar(
        select(Announcement)
        .where(Announcement.client_id == client_id, Announcement.status == "confirmed")
        .order_by(Announcement.confirmed_at.desc(), Announcement.id.desc())
        .limit(1)
    )
    return progress(session, announcement) if announcement else None


def earlier_under_way(session: Session, latest: Progress, *, most: int) -> list[Progress]:
    """Those before a client's latest of which somebody is still to be called, or paused, the newest first."""
    found = under_way(session, [latest.announcement.client_id])
    earlier = [each for each in reversed(found) if each.id != latest.announcement.id]
    return [progress(session, each) for each in earlier[:most]]


def newest(session: Session, client_id: uuid.UUID) -> Announcement | None:
    """What a client's members drafted last, whatever became of it."""
    return session.scalar(
        select(Announcement)
        .where(Announcement.client_id == client_id)
        .order_by(Announcement.id.desc())
        .limit(1)
    )


def announcements(
    session: Session, *, slug: str | None = None, limit: int
) -> Sequence[tuple[Announcement, Client]]:
    """The newest announcements, drafts too, each with its client."""
    query = select(Announcement, Client).join(Client, Client.id == Announcement.client_id)
    if slug is not None:
        query = query.where(Client.slug == slug)
    found = session.execute(query.order_by(Announcement.id.desc()).limit(limit))
    return [(announcement, client) for announcement, client in found]


def named(session: Session, name: str) -> tuple[Announcement, Client]:
    """An announcement by its id, or by its client's slug: then the latest confirmed one, or else a draft.

    :raises UnknownAnnouncement: there is none.
    """
    query = select(Announcement, Client).join(Client, Client.id == Announcement.client_id)
    try:
        query = query.where(Announcement.id == uuid.UUID(name))
    except ValueError:
        query = query.where(Client.slug == name)
    found = session.execute(
        query.order_by(Announcement.confirmed_at.desc().nulls_last(), Announcement.id.desc()).limit(1)
    ).one_or_none()
    if found is None:
        raise UnknownAnnouncement(
            f"There is no announcement {name!r}: `announcements list` names the newest."
        )
    return found[0], found[1]


def progress(session: Session, announcement: Announcement) -> Progress:
    """How far this announcement has come."""
    hold = holds.of(session, "announcement", announcement.id)
    return Progress(
        announcement,
        messaging.ledger(session, "announcement", announcement.id),
        paused=hold is not None and hold.dropped_at is None,
    )


def waiting(session: Session, progress: Progress, *, now: datetime) -> tuple[int, datetime] | None:
    """How many of its people wait for the end of their quiet hours, and until when the last does."""
    if progress.paused:
        return None
    return messaging.waiting(session, "announcement", progress.announcement.id, now=now)


def under_way(session: Session, client_ids: Iterable[uuid.UUID]) -> Sequence[Announcement]:
    """The announcements of these clients that somebody is still to be called for, the oldest first."""
    unsent = select(Chunk.id).where(
        Chunk.source_type == "announcement",
        Chunk.source_id == Announcement.id,
        Chunk.finished_at.is_(None),
    )
    return session.scalars(
        select(Announcement)
        .where(
            Announcement.client_id.in_(client_ids),
            Announcement.status == "confirmed",
            Announcement.reported_at.is_(None),
            or_(Announcement.fanned_out_at.is_(None), unsent.exists()),
        )
        .order_by(Announcement.id)
    ).all()


def paused(session: Session, client_ids: Iterable[uuid.UUID]) -> list[Announcement]:
    """Those of them that wait for RESUME or DISCARD, the oldest first."""
    waiting = under_way(session, client_ids)
    held = set(
        session.scalars(
            select(Hold.source_id).where(
                Hold.source_type == "announcement",
                Hold.source_id.in_([each.id for each in waiting]),
                Hold.dropped_at.is_(None),
            )
        )
    )
    return [each for each in waiting if each.id in held]


def without_fan_out(session: Session) -> Sequence[uuid.UUID]:
    """Confirmed announcements whose subscribers have no rows yet."""
    return session.scalars(
        select(Announcement.id).where(
            Announcement.status == "confirmed", Announcement.fanned_out_at.is_(None)
        )
    ).all()


def unreported(session: Session) -> Sequence[Announcement]:
    """Announcements on their way whose owner has not been told how it went."""
    return session.scalars(
        select(Announcement).where(
            Announcement.status == "confirmed",
            Announcement.reported_at.is_(None),
            Announcement.fanned_out_at.is_not(None),
        )
    ).all()
