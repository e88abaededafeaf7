"""A client with a crowd of subscribers, written straight into the tables."""

from __future__ import annotations

import uuid

from sqlalchemy import insert, select, update

from bot import db
from bot.announcements import service
from bot.audience import service as audience
from bot.audience.models import Client, Person, Subscription
from bot.clock import utc_now
from bot.config import settings
from bot.crypto import keyring
from bot.events.models import Event
from bot.ids import uuid7
from bot.messaging import service as messaging
from bot.messaging.models import ContactPoint

NAME = "Corner Bakery"
OWNER = "+15550199999"
AT_ONCE = 10_000


def number_of(place: int) -> str:
    """The phone number of a subscriber, counted from 0."""
    return f"+1555{2_000_000 + place}"


def gather(size: int) -> uuid.UUID:
    """Make the client and its subscribers; returns the client's id."""
    now = utc_now()
    with db.transaction() as session:
        sid = settings().twilio_messaging_service_sid
        sender = messaging.sender_of(session, service_sid=sid, number="+15550100000", now=now)
        client = audience.add_client(
            session, name=NAME, slug="corner-bakery", owner_number=OWNER, locale="en",
            time_zone="America/New_York", support_contact=None, sender_id=sender.id, now=now,
        )  # fmt: skip
        client_id = client.id
    for first in range(0, size, AT_ONCE):
        _add(client_id, range(first, min(first + AT_ONCE, size)))
    with db.engine().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE")
    return client_id


def the_client() -> Client:
    """The client that was made."""
    with db.transaction() as session:
        return session.scalars(select(Client)).one()


def draft_and_confirm() -> uuid.UUID:
    """Announce something: the row, as CONFIRM leaves it, without the event that begins the fan-out."""
    client, now = the_client(), utc_now()
    with db.transaction() as session:
        author = messaging.find_contact_point(session, OWNER)
        assert author is not None
        announcement = service.draft(session, client, author, "Half-price bread until 6", now=now)
        service.confirm(session, client, announcement, author, now=now)
        session.execute(update(Event).values(dispatched_at=now))
    return announcement


def _add(client_id: uuid.UUID, places: range) -> None:
    now = utc_now()
    people = [{"id": uuid7(), "created_at": now} for _ in places]
    points = [
        {
            "id": uuid7(), "person_id": person["id"], "channel": "sms", "address": number_of(place),
            "address_index": keyring().index(number_of(place)), "last4": number_of(place)[-4:],
            "created_at": now,
        }
        for person, place in zip(people, places, strict=True)
    ]  # fmt: skip
    follow = [
        {"id": uuid7(), "person_id": person["id"], "client_id": client_id, "joined_at": now, "told_at": now}
        for person in people
    ]
    with db.transaction() as session:
        session.execute(insert(Person), people)
        session.execute(insert(ContactPoint), points)
        session.execute(insert(Subscription), follow)
