"""What ends without anybody's doing: receipts that never come, and a Twilio that does not answer."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func, select

from bot import db
from bot.events.models import Event
from bot.jobs import BULK
from bot.messaging import receipts, sending, sweeps, trouble
from bot.vendors.twilio import Accepted, Ambiguous
from tests.messaging import broadcast
from tests.messaging.broadcast import clock


def overdue(now) -> None:
    with db.transaction() as session:
        sweeps.overdue_receipts(session, now)


def test_a_text_without_a_receipt_ends_after_three_days_and_a_late_one_still_counts(twilio, now, monkeypatch):
    monkeypatch.setattr(sweeps, "BATCH", 2)
    announced = broadcast.create(5, now=now)
    sending.drain(BULK, clock=clock)
    overdue(now + timedelta(days=2, hours=23))
    assert announced.statuses() == {"accepted": 5}
    late = now + timedelta(days=3, minutes=10)
    overdue(late)
    overdue(late)
    assert announced.statuses() == {"without_receipt": 5}
    assert announced.ledger.without_receipt == announced.ledger.finished == announced.ledger.total == 5
    assert announced.history(0)[-1] == ("without_receipt", "sweep")
    for position, status in enumerate(("delivered", "undelivered", "sent")):
        message = announced.message(position)
        with db.transaction() as session:
            receipts.append(
                session,
                message_id=message.id,
                provider_id=message.provider_id or "",
                status=status,
                error_code=30005 if status == "undelivered" else None,
                now=late,
            )
            receipts.apply(session, now=late)
    assert announced.statuses() == {"without_receipt": 3, "delivered": 1, "undelivered": 1}
    with db.transaction() as session:
        assert session.scalar(select(func.count()).where(Event.type == "messaging.settled")) == 1


def test_what_is_unknown_is_not_taken_for_sent(twilio, now):
    twilio.fail("500")
    announced = broadcast.create(1, now=now)
    sending.drain(BULK, clock=clock)
    overdue(now + timedelta(days=9))
    assert announced.statuses() == {"unknown": 1}


def test_an_outage_of_twilio_s_leaves_a_handful_unknown_and_not_the_whole_audience(twilio, now, monkeypatch):
    twilio.fail("503")
    monkeypatch.setattr("bot.messaging.drain.SHIFT_SECONDS", 3)
    monkeypatch.setattr("bot.messaging.drain.CONCURRENT_CALLS", 10)
    announced = broadcast.create(2000, now=now)
    for _ in range(2):
        sending.drain(BULK, clock=clock)
    statuses = announced.statuses()
    assert 10 <= statuses["unknown"] < 100, statuses
    assert statuses["calling"] == 0
    twilio.heal()
    monkeypatch.setattr("bot.messaging.drain.SHIFT_SECONDS", 60)
    sending.drain(BULK, clock=clock)
    assert announced.statuses()["accepted"] == 2000 - announced.statuses()["unknown"]


def test_while_twilio_hangs_one_call_at_a_time_tries_whether_that_is_over(twilio, now, monkeypatch):
    twilio.fail("never_answered")
    monkeypatch.setattr("bot.vendors.twilio.TOTAL_SECONDS", 0.3)
    monkeypatch.setattr("bot.messaging.drain.SHIFT_SECONDS", 4)
    monkeypatch.setattr("bot.messaging.drain.CONCURRENT_CALLS", 30)
    announced = broadcast.create(2000, now=now)
    sending.drain(BULK, clock=clock)
    statuses = announced.statuses()
    assert 10 <= statuses["unknown"] < 70, statuses
    assert statuses["calling"] == 0


def test_trouble_begins_with_several_in_a_row_and_ends_with_one_answer():
    met = trouble.Trouble()
    for _ in range(trouble.IN_A_ROW - 1):
        met.note(Ambiguous("timeout"))
    assert not met.lasts
    met.note(Accepted("SM1", "accepted"))
    for _ in range(trouble.IN_A_ROW):
        assert met.until == 0.0
        met.note(Ambiguous("timeout"))
    assert met.lasts
    assert met.until > 0.0
    met.note(Accepted("SM2", "accepted"))
    assert (met.lasts, met.until) == (False, 0.0)
