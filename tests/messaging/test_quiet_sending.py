"""Quiet hours at the moment of marking: who is in their night waits, and nothing is delivered into it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, text, update

from bot import db
from bot.config import settings
from bot.jobs import BULK
from bot.messaging import chunks, erasing, places, respites, service
from bot.messaging.models import Chunk, ContactPoint, Message
from bot.messaging.quiet import USEFUL_FOR, Place
from tests.messaging import broadcast

EVENING = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)  # Monday: 22:00 in New York, 19:00 in Los Angeles
MORNING = datetime(2026, 11, 24, 13, 0, tzinfo=UTC)  # 8:00 in New York
HOUR = timedelta(hours=1)


@pytest.fixture
def announced(database):
    """To three people, in New York, in Los Angeles, and anywhere; the client is in New York."""
    made = broadcast.create(3, now=EVENING, expires_at=EVENING + USEFUL_FOR)
    with db.transaction() as session:
        session.execute(update(Chunk).values(hours="America/New_York"))
        for position, zone in ((0, "America/New_York"), (1, "America/Los_Angeles")):
            contact_point = made.contact_point(position)
            places.say(session, contact_point.id, Place((zone,), "US"), source="person")
        places.look_up(session)
    return made


def mark(now):
    """Mark what is due, as a sender does; returns the calls by their number."""
    with db.transaction() as session:
        leased = chunks.take(session, BULK, now=now)
        if leased is None:
            return {}
        marked = chunks.mark(session, leased.lease, most=10, now=now)
        return {call.to: call for call in marked.calls}


def put_down(now):
    with db.transaction() as session:
        lease = session.execute(select(Chunk.id, Chunk.lease_token)).one()
        chunks.put_down(session, chunks.Lease(*lease, taken_over=False), now=now)


def test_only_those_who_are_awake_are_called_and_the_chunk_sleeps_for_the_others(announced):
    assert set(mark(EVENING)) == {broadcast.number(1)}
    put_down(EVENING)
    waiting = announced.message(0)
    assert (waiting.status, waiting.next_attempt_at) == ("pending", MORNING)
    assert announced.message(2).next_attempt_at == MORNING, "nobody knows where: the client's clock"
    assert mark(MORNING - timedelta(minutes=1)) == {}
    with db.transaction() as session:
        session.execute(update(Chunk).values(not_before=MORNING, lease_token=None, leased_until=None))
    assert set(mark(MORNING)) == {broadcast.number(0), broadcast.number(2)}


def test_a_useful_life_begins_with_the_window_and_ends_with_it(announced):
    (called,) = mark(EVENING).values()
    closes = datetime(2026, 11, 24, 5, 0, tzinfo=UTC)  # 21:00 in Los Angeles
    assert called.expires_at == closes, "Twilio may not deliver it later"
    assert announced.message(0).expires_at == MORNING + USEFUL_FOR
    assert announced.message(1).expires_at == EVENING + USEFUL_FOR


def test_a_number_that_was_not_looked_up_waits_for_that(announced):
    with db.transaction() as session:
        session.execute(update(ContactPoint).values(place_id=None, place_source=None))
        session.execute(update(Message).values(expires_at=None))
    assert mark(MORNING + HOUR) == {}
    with db.transaction() as session:
        session.execute(update(Chunk).values(lease_token=None, leased_until=None))
        assert places.look_up(session) == 3
    later = MORNING + HOUR + places.LOOK_UP_TAKES
    assert len(mark(later)) == 3
    assert announced.contact_point(0).place_source == "number"


def test_a_stop_does_not_wait_for_numbers_that_are_looked_up(database, now):
    message = broadcast.create(1, now=now).message(0)
    who = {"contact_point_id": message.contact_point_id, "sender_id": message.sender_id}
    with db.transaction() as looking, db.transaction() as stopping:
        assert places.look_up(looking) == 1
        stopping.execute(text("SET LOCAL lock_timeout = '1s'"))
        assert service.opt_out(stopping, **who, blocked_by_carrier=True, source="sms", now=now)


@pytest.mark.parametrize("why", ["no hours", "off"])
def test_without_hours_or_with_quiet_hours_off_all_are_called_at_night(announced, why, monkeypatch):
    if why == "off":
        monkeypatch.setenv("QUIET_HOURS", "off")
        settings.cache_clear()
    else:
        with db.transaction() as session:
            session.execute(update(Chunk).values(hours=None))
    calls = mark(EVENING)
    monkeypatch.undo()
    settings.cache_clear()
    assert len(calls) == 3
    assert {call.expires_at for call in calls.values()} == {EVENING + USEFUL_FOR}


def test_whoever_moves_is_texted_by_the_new_clock(announced):
    with db.transaction() as session:
        west = Place(("America/Los_Angeles",), "US")
        places.say(session, announced.contact_point(0).id, west, source="client")
        assert places.look_up(session) == 0, "what was said is not looked up again"
    assert broadcast.number(0) in mark(EVENING)


def test_of_a_respite_and_quiet_hours_the_longer_holds(announced):
    with db.transaction() as session:
        respites.begin(
            session, contact_point_id=announced.contact_point(0).id, sender_id=announced.sender_id,
            until=MORNING + HOUR, now=EVENING,
        )  # fmt: skip
    mark(EVENING)
    assert announced.message(0).next_attempt_at == MORNING + HOUR


def test_what_was_not_sent_when_a_window_closed_goes_out_in_the_next(announced):
    closed = datetime(2026, 11, 24, 4, 57, tzinfo=UTC)  # 20:57 in Los Angeles
    assert mark(closed) == {}
    assert announced.message(1).next_attempt_at == datetime(2026, 11, 24, 16, 0, tzinfo=UTC)


def test_a_number_that_cannot_be_read_has_no_place_and_holds_nothing_up(announced):
    with db.transaction() as session:
        damaged = broadcast.create(1, now=EVENING, first=9)
        session.execute(
            update(ContactPoint)
            .where(ContactPoint.id == damaged.contact_point(9).id)
            .values(address=None, place_source=None)
        )
    with db.transaction() as session:
        assert places.look_up(session) == 1
    assert damaged.contact_point(9).place_source == "number"


def test_who_is_erased_is_nowhere_and_is_found_again_with_their_number(announced):
    with db.transaction() as session:
        contact_point = session.get_one(ContactPoint, announced.contact_point(0).id)
        erasing.erase(session, contact_point, now=EVENING)
        assert (contact_point.place_id, places.look_up(session)) == (None, 1)
        session.refresh(contact_point)
        service.restore_number(contact_point, "+13055551234")
        session.flush()
        assert places.look_up(session) == 1
    assert announced.contact_point(0).place_id is not None
