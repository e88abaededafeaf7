"""A client's own hours, and where somebody is, as an operator or a client says."""

from __future__ import annotations

from datetime import time

from sqlalchemy.orm import Session

from bot.audience.models import Client
from bot.audience.service import UnknownTimeZone, client_named
from bot.messaging import places, quiet
from bot.messaging.models import ContactPoint
from bot.messaging.quiet import Hours, Place


def of(client: Client) -> Hours:
    """What binds the texts that a client sends on its own account to the day of their readers."""
    return Hours(client.time_zone, client.texts_from, client.texts_until)


def set_client_hours(session: Session, slug: str, opens: time | None, closes: time | None) -> Hours:
    """Let a client's announcements reach people only within these hours, by their own clocks; None: no such.

    The law's hours hold besides. What is under way keeps the hours it began with.

    :raises UnknownClient: no client has this slug.
    :raises NoHourLeft: with the law's, they leave people somewhere no hour.
    """
    client = client_named(session, slug)
    hours = Hours(client.time_zone, opens, closes)
    quiet.check(hours)
    client.texts_from, client.texts_until = opens, closes
    session.flush()
    return hours


def place(session: Session, contact_point: ContactPoint, *, time_zone: str, region: str | None) -> Place:
    """Remember where somebody is because a client said so. Without a region, the one of their number stays.

    :param region: ISO 3166: ``US-FL``, or a country alone.
    :raises UnknownTimeZone: no IANA time zone is called so.
    """
    if not quiet.is_zone(time_zone):
        raise UnknownTimeZone(f"{time_zone!r} is not a time zone; write it like America/New_York.")
    by_number = places.of_number(contact_point.address) if contact_point.address else None
    found = Place((time_zone,), region if region is not None else by_number.region if by_number else "")
    places.say(session, contact_point.id, found, source="client")
    return found
