"""``python -m simulator.seed``: Pizza Palace, its owner and its subscribers, once."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

from bot import db, tables  # noqa: F401  # foreign keys resolve only when every table is known
from bot.audience import queries
from bot.audience import service as audience
from bot.audience.notices import AT_MOST_EVERY
from bot.audience.service import Evidence
from bot.config import settings
from bot.messaging import service as messaging
from simulator.people import NUMBER, OWNER, SUBSCRIBERS

SLUG = "pizza-palace"


def main(_arguments: list[str]) -> int:
    """Put the demo data into the database; where it is already, nothing changes."""
    # A minute ago, so that the first to join by text is told to the owner at once.
    now = datetime.now(UTC) - AT_MOST_EVERY
    with db.transaction() as session:
        if queries.client_by_slug(session, SLUG):
            print("The demo data is there already.")
            return 0
        sid = settings().twilio_messaging_service_sid
        sender = messaging.sender_of(session, service_sid=sid, number=NUMBER, now=now)
        client = audience.add_client(
            session,
            name="Pizza Palace",
            slug=SLUG,
            owner_number=OWNER.number,
            locale="en",
            time_zone="America/New_York",
            support_contact="help@pizza-palace.example",
            sender_id=sender.id,
            now=now,
        )
        evidence = Evidence(source="operator", at=now, words_said="demo data")
        for person in SUBSCRIBERS:
            contact_point = audience.person_at(session, person.number, now=now)
            audience.follow(session, contact_point, client, evidence, tell_client=False)
            if person.locale:
                audience.choose_locale(session, contact_point.person_id, person.locale)
        client.subscribers_told_at = now
    print(f"Made {client.name} with {OWNER.name} as its owner and {len(SUBSCRIBERS)} subscribers.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
