"""Twilio's errors: what each does to its message, its number and its sender. Over HTTP to the stand-in."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select
from structlog.testing import capture_logs

from bot import db
from bot.config import settings
from bot.events.models import Event
from bot.jobs import BULK
from bot.messaging import chunks, errors, pauses, sending
from bot.messaging.errors import Policy
from bot.messaging.models import Message, OptOut, Sender
from simulator.twilio.errors import DELIVERY_FAILURES, REFUSALS
from tests.messaging import broadcast
from tests.messaging.broadcast import clock, number

AT_THE_CALL = sorted(set(errors.PROBLEMS) & set(REFUSALS))
NOT_IN_THE_TABLE = 21609


def codes(*policies: Policy) -> list[int]:
    return [code for code in AT_THE_CALL if errors.policy(code) in policies]


def the_sender() -> Sender:
    with db.transaction() as session:
        return session.scalars(select(Sender)).one()


def events_of(kind: str) -> int:
    with db.transaction() as session:
        return session.scalar(select(func.count()).where(Event.type == kind)) or 0


def resume() -> None:
    with db.transaction() as session:
        pauses.resume(session, settings().twilio_messaging_service_sid, now=clock())


def sent_to_three(twilio, now, code: int) -> broadcast.Broadcast:
    """Three people, of whom the one in the middle meets an error."""
    twilio.fail(str(code), to=number(1))
    announced = broadcast.create(3, now=now, expires_at=now + timedelta(hours=10))
    sending.drain(BULK, clock=clock)
    return announced


@pytest.mark.parametrize("code", codes(Policy.SUPPRESS))
def test_a_number_that_cannot_be_texted_is_suppressed(twilio, now, code):
    announced = sent_to_three(twilio, now, code)
    assert announced.statuses() == {"accepted": 2, "failed": 1}
    assert announced.message(1).error_code == code
    assert announced.contact_point(1).suppressed_reason == str(code)
    assert announced.contact_point(0).suppressed_reason is None


@pytest.mark.parametrize("code", codes(Policy.OPTED_OUT))
def test_stop_becomes_an_opt_out(twilio, now, code):
    announced = sent_to_three(twilio, now, code)
    with db.transaction() as session:
        opted_out = session.scalars(select(OptOut.contact_point_id)).all()
    assert opted_out == [announced.message(1).contact_point_id]
    assert announced.contact_point(1).suppressed_reason is None


@pytest.mark.parametrize("code", [*codes(Policy.FAIL, Policy.CONTENT), NOT_IN_THE_TABLE])
def test_what_is_about_one_text_fails_it_alone(twilio, now, code):
    announced = sent_to_three(twilio, now, code)
    assert announced.statuses() == {"accepted": 2, "failed": 1}
    assert announced.message(1).error_code == code
    assert announced.contact_point(1).suppressed_reason is None
    assert the_sender().paused_at is None


@pytest.mark.parametrize("code", codes(Policy.LATER))
def test_what_passes_is_tried_again_later(twilio, now, code):
    announced = sent_to_three(twilio, now, code)
    message = announced.message(1)
    assert (message.status, message.error_code) == ("pending", None)
    assert timedelta(seconds=29) < message.next_attempt_at - now < timedelta(seconds=90)
    twilio.heal()
    sending.drain(BULK, clock=lambda: now + timedelta(minutes=2))
    assert announced.statuses() == {"accepted": 3}


@pytest.mark.parametrize("code", codes(Policy.CONFIGURATION))
def test_a_wrong_configuration_pauses_the_sender_and_fails_nobody(twilio, now, code):
    with capture_logs() as logs:
        announced = sent_to_three(twilio, now, code)
    assert announced.statuses() == {"accepted": 2, "pending": 1}
    assert the_sender().paused_reason.startswith(f"{code}: ")
    (alert,) = [line for line in logs if line["event"] == "sender_paused"]
    assert alert["log_level"] == "error"
    assert "senders resume MG" in alert["advice"]
    assert events_of("messaging.sender_paused") == 1
    twilio.heal()
    sending.drain(BULK, clock=clock)
    assert announced.statuses() == {"accepted": 2, "pending": 1}, "it is paused"
    resume()
    sending.drain(BULK, clock=clock)
    assert announced.statuses() == {"accepted": 3}
    assert events_of("messaging.sender_resumed") == 1


def test_every_code_of_the_table_can_be_met_and_every_policy_has_its_test():
    assert set(errors.PROBLEMS) <= set(REFUSALS) | set(DELIVERY_FAILURES)
    assert NOT_IN_THE_TABLE not in errors.PROBLEMS
    assert {errors.policy(code) for code in AT_THE_CALL} == set(Policy) - {Policy.ONCE}


def test_a_wrong_token_stops_a_broadcast_instead_of_burning_through_it(twilio, now, monkeypatch):
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", "mistyped")
    settings.cache_clear()
    announced = broadcast.create(1000, now=now, chunk_size=50)
    sending.drain(BULK, clock=clock)
    assert announced.statuses() == {"pending": 1000}
    with db.transaction() as session:
        called = session.scalar(select(func.count()).where(Message.attempts > 0))
    assert 0 < called < 1000
    monkeypatch.undo()


def test_a_paused_sender_s_texts_expire(twilio, now):
    twilio.fail("21606")
    announced = broadcast.create(5, now=now, expires_at=now + timedelta(hours=1))
    later = broadcast.create(2, now=now, expires_at=now + timedelta(hours=3), first=5)
    sending.drain(BULK, clock=clock)
    assert announced.statuses() == {"pending": 5}

    def in_two_hours() -> datetime:
        return now + timedelta(hours=2)

    with db.transaction() as session:
        assert chunks.leasable(session, BULK, most=8, now=in_two_hours()) == 1
    sending.drain(BULK, clock=in_two_hours)
    assert announced.statuses() == {"skipped": 5}
    assert later.statuses() == {"pending": 2}
    assert announced.chunk().finished_at is not None
    assert twilio.count() == 0


def test_an_error_from_before_the_resuming_does_not_pause_again(twilio, now):
    twilio.fail("21606")
    announced = broadcast.create(1, now=now)
    sending.drain(BULK, clock=clock)
    resume()
    with db.transaction() as session:
        message = announced.message(0)
        pauses.pause(session, message.sender_id, code=21606, called_at=message.calling_at, now=clock())
    assert the_sender().paused_at is None
    sending.drain(BULK, clock=clock)
    assert the_sender().paused_at is not None, "the next call meets it again"


@pytest.mark.parametrize(("abroad", "paused"), [(19, False), (30, False), (60, True)])
def test_many_refusals_of_one_kind_pause_the_sender_a_few_do_not(twilio, now, abroad, paused):
    for position in range(abroad):
        twilio.fail("21408", to=number(position))
    announced = broadcast.create(100, now=now)
    sending.drain(BULK, clock=clock)
    assert announced.statuses()["failed"] == abroad
    assert (the_sender().paused_at is not None) is paused


def test_a_text_that_is_wrong_for_everybody_does_not_pause_the_sender_for_others(twilio, now):
    twilio.fail("21617")
    announced = broadcast.create(100, now=now)
    sending.drain(BULK, clock=clock)
    assert announced.statuses() == {"failed": 100}
    assert the_sender().paused_at is None
