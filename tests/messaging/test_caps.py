"""Caps: what a sender may not send today waits for the day after, and is counted to the text."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from bot import db
from bot.jobs import BULK, EXPRESS
from bot.messaging import caps, sending
from bot.messaging.models import Sender
from tests.messaging import broadcast
from tests.messaging.broadcast import clock

NOON = datetime(2026, 11, 23, 20, 0, tzinfo=UTC)  # at the Pacific coast
MIDNIGHT = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)  # there too


@pytest.fixture
def now() -> datetime:
    return NOON


def cap(announced, segments) -> None:
    with db.transaction() as session:
        session.execute(update(Sender).where(Sender.id == announced.sender_id).values(daily_cap=segments))


def used(announced, at=NOON) -> int:
    with db.transaction() as session:
        return caps.used_today(session, announced.sender_id, now=at)


def test_what_is_over_the_cap_goes_on_the_next_day(twilio, now):
    announced = broadcast.create(25, now=now, chunk_size=10)
    cap(announced, 13)
    sending.drain(BULK, clock=lambda: NOON)
    assert announced.statuses() == {"accepted": 12, "pending": 13}, "one is kept for a code"
    assert used(announced) == 12
    assert [announced.chunk(index).not_before for index in (1, 2)] == [MIDNIGHT, MIDNIGHT]
    assert announced.history(24) == [("pending", "send")]
    sending.drain(BULK, clock=lambda: MIDNIGHT - timedelta(seconds=1))
    assert twilio.count() == 12
    sending.drain(BULK, clock=lambda: MIDNIGHT)
    assert announced.statuses() == {"accepted": 24, "pending": 1}
    assert (used(announced), used(announced, MIDNIGHT)) == (12, 12)


def test_a_code_goes_when_broadcasts_have_used_their_part(twilio, now):
    announced = broadcast.create(10, now=now)
    code = broadcast.create(1, now=now, first=10, lane=EXPRESS)
    cap(announced, 5)
    sending.drain(BULK, clock=lambda: NOON)
    sending.drain(EXPRESS, clock=lambda: NOON)
    assert (announced.statuses()["accepted"], code.statuses()["accepted"], used(announced)) == (4, 1, 5)


def test_what_expires_before_the_next_day_is_skipped_when_it_does(twilio, now):
    announced = broadcast.create(4, now=now, expires_at=NOON + timedelta(hours=1))
    cap(announced, 2)
    sending.drain(BULK, clock=lambda: NOON)
    assert announced.chunk().not_before == NOON + timedelta(hours=1)
    sending.drain(BULK, clock=lambda: NOON + timedelta(hours=1))
    assert announced.statuses() == {"accepted": 1, "skipped": 3}
    assert announced.message(3).skip_reason == "expired"


def test_a_call_that_was_never_processed_uses_nothing(twilio, now):
    twilio.fail("429", times=3)
    announced = broadcast.create(5, now=now)
    cap(announced, 100)
    sending.drain(BULK, clock=lambda: NOON)
    assert announced.statuses() == {"accepted": 2, "pending": 3}
    assert used(announced) == 2


def test_a_sender_without_a_cap_is_not_counted(twilio, now):
    announced = broadcast.create(5, now=now)
    sending.drain(BULK, clock=clock)
    assert used(announced) == 0
    with db.transaction() as session:
        assert session.scalars(select(caps.SenderDay)).all() == []
