"""What a receipt tells of a text that Twilio could not deliver, and whether it is sent again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from bot import db
from bot.config import settings
from bot.jobs import BULK
from bot.messaging import chunks, errors, pauses, receipts, sending, service, steps
from bot.messaging.errors import Policy
from bot.messaging.models import Sender
from bot.messaging.outcomes import step_of
from bot.vendors.twilio import Accepted, Ambiguous, RateLimited
from simulator.twilio.errors import DELIVERY_FAILURES
from tests.messaging import broadcast
from tests.messaging.broadcast import clock, number

IN_RECEIPTS = sorted(set(errors.PROBLEMS) & set(DELIVERY_FAILURES))


def in_receipts(*policies: Policy) -> list[int]:
    return [code for code in IN_RECEIPTS if errors.policy(code) in policies]


def the_sender() -> Sender:
    with db.transaction() as session:
        return session.scalars(select(Sender)).one()


def resume() -> None:
    with db.transaction() as session:
        pauses.resume(session, settings().twilio_messaging_service_sid, now=clock())


def told(announced, position: int, status: str, *, now, code: int | None = None, sid: str | None = None):
    """Apply a receipt; by default about the text that Twilio took last."""
    message = announced.message(position)
    with db.transaction() as session:
        receipts.append(
            session,
            message_id=message.id,
            provider_id=sid or message.provider_id or "SM-unseen",
            status=status,
            error_code=code,
            now=now,
        )
    with db.transaction() as session:
        receipts.apply(session, now=now)


def accepted(now, *, hours: int = 10) -> broadcast.Broadcast:
    announced = broadcast.create(3, now=now, expires_at=now + timedelta(hours=hours))
    sending.drain(BULK, clock=clock)
    assert announced.statuses() == {"accepted": 3}
    return announced


@pytest.mark.parametrize("code", in_receipts(Policy.SUPPRESS, Policy.OPTED_OUT, Policy.FAIL, Policy.CONTENT))
def test_what_will_not_pass_ends_undelivered(twilio, now, code):
    announced = accepted(now)
    told(announced, 1, "undelivered", now=now, code=code)
    assert announced.message(1).status == "undelivered"
    assert announced.message(1).error_code == code
    suppressed = announced.contact_point(1).suppressed_reason
    assert suppressed == (str(code) if errors.policy(code) is Policy.SUPPRESS else None)
    assert announced.ledger.opted_out == (code == 21610)
    assert the_sender().paused_at is None


@pytest.mark.parametrize("code", in_receipts(Policy.ONCE))
def test_once_more_after_a_while_and_then_no_more(twilio, now, code):
    announced = accepted(now)
    first = announced.message(1).provider_id
    told(announced, 1, "undelivered", now=now, code=code)
    message = announced.message(1)
    assert (message.status, message.provider_id) == ("pending", None)
    assert message.next_attempt_at == now + timedelta(minutes=10)
    sending.drain(BULK, clock=clock)
    assert twilio.count(number(1)) == 1, "the phone has had no time to come back"
    sending.drain(BULK, clock=lambda: now + timedelta(minutes=20))
    assert twilio.count(number(1)) == 2
    assert announced.message(1).status == "accepted"
    assert announced.message(1).provider_id not in {None, first}
    told(announced, 1, "undelivered", now=now, code=code)
    assert announced.message(1).status == "undelivered"
    assert announced.history(1) == [
        ("calling", "send"),
        ("accepted", "send"),
        ("undelivered", "receipt"),
        ("pending", "receipt"),
        ("calling", "send"),
        ("accepted", "send"),
        ("undelivered", "receipt"),
    ]


@pytest.mark.parametrize("code", in_receipts(Policy.LATER))
def test_later_and_later_as_long_as_it_is_of_use(twilio, now, code):
    announced = accepted(now, hours=2)
    at, waits = now, []
    while announced.message(1).status != "undelivered":
        told(announced, 1, "failed" if code == 63038 else "undelivered", now=at, code=code)
        message = announced.message(1)
        if message.status != "pending":
            break
        waits.append(message.next_attempt_at - at)
        at = message.next_attempt_at
        sending.drain(BULK, clock=lambda at=at: at)
        assert announced.message(1).status == "accepted"
    assert len(waits) > 3
    assert waits[-1] > waits[0]
    assert at < now + timedelta(hours=2)
    assert twilio.count(number(1)) == 1 + len(waits)


@pytest.mark.parametrize("code", in_receipts(Policy.CONFIGURATION))
def test_a_wrong_configuration_that_a_receipt_tells_pauses_and_the_text_waits(twilio, now, code):
    announced = accepted(now)
    told(announced, 1, "undelivered", now=clock(), code=code)
    assert announced.message(1).status == "pending"
    assert the_sender().paused_reason.startswith(f"{code}: ")
    sending.drain(BULK, clock=clock)
    assert twilio.count(number(1)) == 1
    resume()
    sending.drain(BULK, clock=clock)
    assert announced.message(1).status == "accepted"
    assert twilio.count(number(1)) == 2


def test_news_of_the_first_text_does_not_end_the_second(twilio, now):
    announced = accepted(now)
    first = announced.message(1).provider_id
    told(announced, 1, "undelivered", now=now, code=30003)
    told(announced, 1, "undelivered", now=now, code=30003, sid=first)
    assert announced.message(1).status == "pending", "Twilio told it twice"
    later = now + timedelta(minutes=20)
    sending.drain(BULK, clock=lambda: later)
    second = announced.message(1).provider_id
    told(announced, 1, "failed", now=later, code=30002, sid=first)
    assert announced.message(1).status == "accepted"
    assert the_sender().paused_at is None
    told(announced, 1, "delivered", now=later, sid=first)
    assert (announced.message(1).status, announced.message(1).provider_id) == ("delivered", second)


def test_a_text_that_arrived_after_all_is_not_sent_again(twilio, now):
    announced = accepted(now)
    first = announced.message(1).provider_id
    told(announced, 1, "undelivered", now=now, code=30008)
    told(announced, 1, "delivered", now=now, sid=first)
    sending.drain(BULK, clock=lambda: now + timedelta(minutes=20))
    assert announced.message(1).status == "delivered"
    assert twilio.count(number(1)) == 1


def test_whoever_says_stop_in_between_is_not_texted_again(twilio, now):
    announced = accepted(now)
    told(announced, 1, "undelivered", now=now, code=30003)
    message = announced.message(1)
    with db.transaction() as session:
        service.opt_out(
            session,
            contact_point_id=message.contact_point_id,
            sender_id=message.sender_id,
            blocked_by_carrier=False,
            source="word",
            now=now,
        )
    sending.drain(BULK, clock=lambda: now + timedelta(minutes=20))
    assert announced.message(1).skip_reason == "opted_out"
    assert twilio.count(number(1)) == 1


def test_the_answer_to_the_first_call_comes_after_its_receipt_and_changes_nothing(twilio, now):
    announced = broadcast.create(1, now=now, expires_at=now + timedelta(hours=10))
    with db.transaction() as session:
        leased = chunks.take(session, BULK, now=now)
        (call,) = chunks.mark(session, leased.lease, most=1, now=now).calls
    told(announced, 0, "undelivered", now=now, code=30008, sid="SM1")
    for late in (Accepted("SM1", "accepted"), Ambiguous("timeout"), RateLimited(20429, None)):
        with db.transaction() as session:
            steps.take(session, [step_of(call, late, at=now)], now=now)
        assert announced.message(0).status == "pending"
    assert announced.ledger.pending == announced.ledger.total == 1


def test_every_policy_has_its_test():
    assert {errors.policy(code) for code in IN_RECEIPTS} == set(Policy)
