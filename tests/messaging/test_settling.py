"""Unknown messages: settled by Twilio's own list, sent once more, or left for a person."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select

from bot import db, jobs
from bot.config import settings
from bot.jobs import BULK
from bot.messaging import (
    chunks,
    erasing,
    inspection,
    looking,
    receipts,
    sending,
    service,
    settling,
    sweeps,
    unknowns,
)
from bot.messaging.models import ContactPoint, Lookup
from bot.vendors import twilio as vendor
from tests.messaging import broadcast
from tests.messaging.broadcast import clock, number


@pytest.fixture
def hold(twilio, monkeypatch):
    monkeypatch.setenv("UNKNOWN_POLICY", "hold")
    settings.cache_clear()


def unanswered(twilio, now, monkeypatch, kind: str, people: int = 1, **more) -> broadcast.Broadcast:
    """A broadcast whose calls get no answer."""
    monkeypatch.setattr(vendor, "TOTAL_SECONDS", 0.3)
    fault = twilio.fail(kind, **more)
    announced = broadcast.create(people, now=now, expires_at=now + timedelta(hours=10))
    sending.drain(BULK, clock=clock)
    sending.close()
    assert announced.statuses()["unknown"] > 0
    twilio.heal(fault)
    return announced


def look(at: datetime) -> None:
    """Have the sweep find what is unknown, and what is due looked up."""
    with db.transaction() as session:
        sweeps.unknowns(session, at)
    looking.settle_due(clock=lambda: at)


def lookups() -> int:
    with db.transaction() as session:
        return session.scalar(select(func.count()).select_from(Lookup)) or 0


def after(now: datetime, **ago: float) -> datetime:
    return now + timedelta(**ago)


def details(announced, position: int = 0) -> list[str | None]:
    with db.transaction() as session:
        return [each.detail for each in inspection.history(session, announced.message(position).id)]


def test_a_text_that_twilio_has_is_found_in_its_list(twilio, now, monkeypatch):
    announced = unanswered(twilio, now, monkeypatch, "accepted_never_answered", people=3)
    look(after(now, seconds=10))
    assert announced.statuses() == {"unknown": 3}, "a receipt may come any moment"
    look(after(now, seconds=40))
    assert announced.ledger.delivered == 3
    for position in range(3):
        assert announced.message(position).provider_id == twilio.messages(number(position))[0]["sid"]
    assert details(announced)[-1] == f"found at Twilio: {announced.message(0).provider_id}"
    look(after(now, seconds=400))
    assert lookups() == 0
    assert twilio.count(direction="outbound-api") == 3


def test_what_left_no_trace_in_two_looks_is_sent_once_more(twilio, now, monkeypatch):
    announced = unanswered(twilio, now, monkeypatch, "never_answered")
    look(after(now, seconds=40))
    look(after(now, seconds=200))
    assert announced.message(0).status == "unknown", "the grace is not over"
    look(after(now, seconds=310))
    message = announced.message(0)
    assert message.status == "pending"
    assert details(announced)[-3:] == ["no trace at Twilio", "no trace at Twilio", "sent once more"]
    with db.transaction() as session:
        assert unknowns.resent(session, "announcement", announced.source_id) == {"policy": 1}
    sending.drain(BULK, clock=lambda: after(now, seconds=310))
    assert announced.message(0).status == "accepted"
    assert twilio.count(number(0)) == 1


def test_one_look_is_not_enough_however_late(twilio, now, monkeypatch):
    announced = unanswered(twilio, now, monkeypatch, "never_answered")
    look(after(now, hours=1))
    assert announced.message(0).status == "unknown"
    look(after(now, hours=1, seconds=30))
    assert announced.message(0).status == "unknown"
    look(after(now, hours=1, seconds=61))
    assert announced.message(0).status == "pending"


def test_it_is_sent_once_more_and_not_again_and_again(twilio, now, monkeypatch):
    announced = unanswered(twilio, now, monkeypatch, "never_answered")
    look(after(now, seconds=40))
    look(after(now, seconds=310))
    twilio.fail("never_answered")
    sending.drain(BULK, clock=lambda: after(now, seconds=320))
    twilio.heal()
    assert announced.message(0).status == "unknown"
    for seconds in (400, 700, 2000):
        look(after(now, seconds=seconds))
    assert announced.message(0).status == "unknown"
    assert details(announced)[-2:] == ["left for a person", "no trace at Twilio"]
    assert announced.ledger.unknown == announced.ledger.total == 1


def test_on_hold_it_stays_unknown_and_is_looked_for_ever_more_rarely(twilio, hold, now, monkeypatch):
    announced = unanswered(twilio, now, monkeypatch, "never_answered")
    for seconds in range(30, 7200, 30):
        look(after(now, seconds=seconds))
    assert announced.message(0).status == "unknown"
    assert details(announced).count("left for a person") == 1
    assert details(announced).count("no trace at Twilio") < 10
    look(after(now, days=4))
    assert lookups() == 0


def test_what_is_of_no_more_use_is_not_sent_once_more(twilio, now, monkeypatch):
    announced = unanswered(twilio, now, monkeypatch, "never_answered")
    look(after(now, hours=11))
    look(after(now, hours=12))
    assert announced.message(0).status == "unknown"


def test_whoever_said_stop_meanwhile_gets_nothing(twilio, now, monkeypatch):
    announced = unanswered(twilio, now, monkeypatch, "never_answered")
    message = announced.message(0)
    with db.transaction() as session:
        service.opt_out(
            session,
            contact_point_id=message.contact_point_id,
            sender_id=message.sender_id,
            blocked_by_carrier=False,
            source="word",
            now=now,
        )
    look(after(now, seconds=40))
    look(after(now, seconds=310))
    sending.drain(BULK, clock=lambda: after(now, seconds=320))
    assert announced.message(0).skip_reason == "opted_out"
    assert twilio.count(number(0)) == 0


def test_what_is_unknown_of_somebody_erased_ends_because_nobody_can_look(twilio, now, monkeypatch):
    announced = unanswered(twilio, now, monkeypatch, "never_answered")
    with db.transaction() as session:
        contact_point = session.get_one(ContactPoint, announced.message(0).contact_point_id)
        erasing.erase(session, contact_point, now=now)
    look(after(now, seconds=40))
    assert announced.message(0).status == "failed"
    assert details(announced)[-1] == "never settled: its number was erased"
    with db.transaction() as session:
        sweeps.unknowns(session, after(now, seconds=80))
    assert lookups() == 0, "it would be looked for every two seconds, for good"


def test_a_look_that_fails_says_nothing(twilio, now, monkeypatch):
    announced = unanswered(twilio, now, monkeypatch, "accepted_never_answered")
    url = settings().twilio_api_base_url
    monkeypatch.setenv("TWILIO_API_BASE_URL", "http://127.0.0.1:9")
    settings.cache_clear()
    for seconds in (40, 310, 400, 3600):
        look(after(now, seconds=seconds))
    assert announced.message(0).status == "unknown"
    assert "no trace at Twilio" not in details(announced)
    monkeypatch.setenv("TWILIO_API_BASE_URL", url)
    settings.cache_clear()
    look(after(now, seconds=3700))
    assert announced.message(0).status == "delivered"


def test_texts_of_other_messages_are_not_taken_for_it(twilio, now, monkeypatch):
    before = broadcast.create(1, now=now, expires_at=now + timedelta(hours=10))
    sending.drain(BULK, clock=clock)
    announced = unanswered(twilio, now, monkeypatch, "never_answered")
    twilio.text(number(0), broadcast.BODY)
    look(after(now, seconds=40))
    assert before.message(0).provider_id is not None
    assert announced.message(0).status == "unknown"


def test_while_a_text_to_the_number_is_being_called_nothing_is_concluded(twilio, now, monkeypatch):
    announced = unanswered(twilio, now, monkeypatch, "accepted_never_answered")
    other = broadcast.create(1, now=now)
    with db.transaction() as session:
        leased = chunks.take(session, BULK, now=now)
        chunks.mark(session, leased.lease, most=1, now=now)
    look(after(now, seconds=40))
    assert announced.message(0).status == "unknown"
    with db.transaction() as session:
        receipts.append(
            session,
            message_id=other.message(0).id,
            provider_id="SM9",
            status="sent",
            error_code=None,
            now=now,
        )
        receipts.apply(session, now=now)
    look(after(now, seconds=60))
    assert announced.message(0).status == "delivered"


def test_a_late_receipt_after_the_second_text_leaves_both_on_record(twilio, now, monkeypatch):
    announced = unanswered(twilio, now, monkeypatch, "never_answered")
    look(after(now, seconds=40))
    look(after(now, seconds=310))
    sending.drain(BULK, clock=lambda: after(now, seconds=320))
    message = announced.message(0)
    for status in ("sent", "undelivered", "delivered"):
        with db.transaction() as session:
            receipts.append(
                session,
                message_id=message.id,
                provider_id="SM-the-first",
                status=status,
                error_code=30008 if status == "undelivered" else None,
                now=after(now, seconds=330),
            )
            receipts.apply(session, now=after(now, seconds=330))
        expected = "delivered" if status == "delivered" else "accepted"
        assert announced.message(0).status == expected
    assert details(announced)[-1] == "of another text, SM-the-first"


def test_a_crash_between_the_look_and_the_writing_changes_nothing(twilio, now, monkeypatch):
    announced = unanswered(twilio, now, monkeypatch, "accepted_never_answered")
    with db.transaction() as session:
        sweeps.unknowns(session, after(now, seconds=40))
        question = settling.take(session, now=after(now, seconds=40))
    assert question is not None
    with db.transaction() as session:  # its lease has not run out
        assert settling.take(session, now=after(now, seconds=40)) is None
        session.execute(Lookup.__table__.update().values(leased_until=func.now() - timedelta(seconds=1)))
    look(after(now, seconds=50))
    assert announced.message(0).status == "delivered"


def test_a_flushed_redis_only_delays(twilio, now, monkeypatch):
    announced = unanswered(twilio, now, monkeypatch, "accepted_never_answered")
    with db.transaction() as session:
        sweeps.unknowns(session, after(now, seconds=40))
    jobs.redis().flushdb()
    look(after(now, seconds=50))
    assert announced.message(0).status == "delivered"


def test_a_person_sends_it_once_more_or_drops_it(twilio, hold, now, monkeypatch):
    announced = unanswered(twilio, now, monkeypatch, "never_answered", people=2)
    first, second = announced.message(0), announced.message(1)
    with db.transaction() as session:
        assert [each.id for each in unknowns.list_all(session)] == [first.id, second.id]
        unknowns.decide(session, first.id, send=True, now=now)
        unknowns.decide(session, second.id, send=False, now=now)
    sending.drain(BULK, clock=clock)
    assert (announced.message(0).status, announced.message(1).status) == ("accepted", "failed")
    assert details(announced, 1)[-1] == "dropped by an operator"
    with db.transaction() as session, pytest.raises(unknowns.NotUnknown):
        unknowns.decide(session, first.id, send=True, now=now)
