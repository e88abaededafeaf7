"""When an announcement reaches its people: quiet hours, the client's own hours, and what is urgent."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.announcements.models import Announcement
from bot.audience import hours
from bot.audience.models import Client
from bot.audience.queries import reachable
from bot.config import settings
from bot.messaging import places
from bot.messaging.models import ContactPoint
from bot.messaging.quiet import Hours


@dataclass(frozen=True)
class Waiting:
    """How many would get an announcement only later, and when the last of them would."""

    count: int
    until: datetime


def hours_of(client: Client, announcement: Announcement) -> Hours | None:
    """What binds an announcement to hours; None when it is urgent."""
    if announcement.urgent_because is not None:
        return None
    return hours.of(client)


def waiting(session: Session, client: Client, announcement_id: uuid.UUID, *, now: datetime) -> Waiting | None:
    """Who would wait if an announcement were sent now; None when nobody would.

    Nobody is counted while no place is closed, which is most of the day.
    """
    bound_by = hours_of(client, session.get_one(Announcement, announcement_id))
    if bound_by is None or settings().quiet_hours == "off":
        return None
    closed = places.openings(session, bound_by, now=now).closed
    if not closed:
        return None
    place = func.coalesce(ContactPoint.place_id, places.UNKNOWN).label("place")
    people = reachable(client.id, now).add_columns(place).where(place.in_(closed)).subquery()
    found = session.execute(select(people.c.place, func.count()).group_by(people.c.place)).all()
    if not found:
        return None
    return Waiting(sum(count for _, count in found), max(closed[place] for place, _ in found))


def is_urgent(session: Session, announcement_id: uuid.UUID) -> bool:
    """Whether it goes out at any hour."""
    return session.get_one(Announcement, announcement_id).urgent_because is not None


def make_urgent(session: Session, announcement_id: uuid.UUID, reason: str) -> None:
    """Let a draft go out at any hour, and keep the reason.

    The law's exemption is for emergencies that affect people's health and safety (47 CFR 64.1200(f)(4)).
    """
    session.get_one(Announcement, announcement_id).urgent_because = reason
