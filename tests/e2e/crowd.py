"""``python -m tests.e2e.crowd COUNT``: a bakery with COUNT subscribers in six languages, in turn."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

from bot import db, tables  # noqa: F401  # foreign keys resolve only when every table is known
from bot.audience import service as audience
from bot.audience.service import Evidence
from bot.config import settings
from bot.i18n import LOCALES
from bot.messaging import service as messaging

SERVICE_NUMBER = "+15550100000"
OWNER = "+15550199999"
NAME = "Corner Bakery"


def number_of(place: int) -> str:
    """The phone number of a subscriber, counted from 0."""
    return f"+1555200{place:04d}"


def locale_of(place: int) -> str:
    """The language of a subscriber."""
    return LOCALES[place % len(LOCALES)]


def main() -> None:
    """Fill the database that the environment names."""
    now = datetime.now(UTC)
    with db.transaction() as session:
        sid = settings().twilio_messaging_service_sid
        sender = messaging.sender_of(session, service_sid=sid, number=SERVICE_NUMBER, now=now)
        client = audience.add_client(
            session,
            name=NAME,
            slug="corner-bakery",
            owner_number=OWNER,
            locale="en",
            time_zone="America/New_York",
            support_contact=None,
            sender_id=sender.id,
            now=now,
        )
        for place in range(int(sys.argv[1])):
            person = audience.person_at(session, number_of(place), now=now)
            audience.follow(session, person, client, Evidence("operator", now), tell_client=False)
            audience.choose_locale(session, person.person_id, locale_of(place))
        client.subscribers_told_at = now


if __name__ == "__main__":
    main()
