"""An opt-out that only the carrier has heard is in the ledger of consent too."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import select

from bot import db, wiring
from bot.audience import service as audience
from bot.audience.models import Consent
from bot.events import dispatch
from bot.messaging import service as messaging
from bot.messaging import statuses, steps, texts
from bot.messaging.models import Message
from bot.messaging.steps import Step
from simulator.servers import Servers


def test_a_refusal_for_stop_is_recorded_as_withdrawn_consent(database: Servers, now: datetime) -> None:
    wiring.load()
    with db.transaction() as session:
        sender = messaging.sender_of(session, service_sid="MG" + "1" * 32, number="+15550100000", now=now)
        person = audience.person_at(session, "+15550100001", now=now)
        texts.queue_notice(
            session,
            contact_point_id=person.id,
            sender_id=sender.id,
            client_id=None,
            source_type="test",
            source_id=uuid.uuid4(),
            locale="en",
            text="Hello",
            now=now,
        )
        message = session.scalars(select(Message)).one()
        refused = Step(message.id, statuses.FAILED, "send", now, error_code=21610)
        steps.take(session, [refused, refused], now=now)

    while dispatch.dispatch_batch(now):
        pass

    with db.transaction() as session:
        consent = session.scalars(select(Consent)).one()
    assert (consent.person_id, consent.action, consent.source) == (person.person_id, "opt_out", "21610")
    assert consent.sender_id == sender.id
