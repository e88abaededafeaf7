"""Sending: every kind of answer, over HTTP to the stand-in. Nobody twice, nobody lost."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import LargeBinary, func, insert, select, type_coerce, update

from bot import db
from bot.config import settings
from bot.events.models import Event
from bot.ids import uuid7
from bot.jobs import BULK, EXPRESS
from bot.messaging import chunks, drain, sending, service
from bot.messaging import texts as texts_module
from bot.messaging.models import Chunk, ContactPoint, OptOut, Rendering
from bot.vendors import twilio as vendor
from tests.messaging import broadcast
from tests.messaging.broadcast import clock, number


def later() -> datetime:
    """When every wait is over."""
    return datetime.now(UTC) + timedelta(hours=1)


def texts(twilio, position):
    return twilio.count(number(position), direction="outbound-api")


def opt_out_row(announced, position, **values):
    return {
        "id": uuid7(),
        "contact_point_id": announced.contact_point(position).id,
        "sender_id": announced.sender_id,
        "blocked_by_carrier": True,
        "source": "word",
    } | values


def test_everyone_gets_the_text_once(twilio, now):
    announced = broadcast.create(250, now=now)
    assert sending.drain(BULK, clock=clock) is False
    sent = twilio.messages(direction="outbound-api")
    assert sorted(each["to"] for each in sent) == [number(position) for position in range(250)]
    assert announced.ledger.on_the_way == announced.ledger.total == 250
    assert all(announced.chunk(index).finished_at for index in range(3))
    sending.drain(BULK, clock=later)
    assert twilio.count(direction="outbound-api") == 250


def test_pictures_go_along_as_addresses_that_twilio_can_fetch(twilio, now):
    announced = broadcast.create(2, now=now)
    with db.transaction() as session:
        texts_module.send_along(
            session, source_type="announcement", source_id=announced.source_id, media=["a.jpg", "b.png"]
        )
    sending.drain(BULK, clock=clock)
    for sent in twilio.messages(direction="outbound-api"):
        assert sent["media"] == [f"{settings().public_url}/media/{name}" for name in ("a.jpg", "b.png")]
    assert announced.ledger.on_the_way == 2


def test_a_text_carries_its_ledger_id_and_twilios_id_comes_back(twilio, now):
    announced = broadcast.create(1, now=now)
    sending.drain(BULK, clock=clock)
    (sent,) = twilio.messages(number(0))
    message = announced.message(0)
    assert sent["body"] == broadcast.BODY
    assert sent["messaging_service_sid"] == settings().twilio_messaging_service_sid
    assert sent["status_callbacks"] == [f"{settings().public_url}/webhooks/twilio/status?m={message.id}"]
    assert message.provider_id == sent["sid"]
    assert announced.history(0) == [("calling", "send"), ("accepted", "send")]


def test_a_lane_sends_only_its_own_chunks(twilio, now):
    broadcast.create(2, now=now, lane=EXPRESS)
    sending.drain(BULK, clock=clock)
    assert twilio.count() == 0
    sending.drain(EXPRESS, clock=clock)
    assert twilio.count() == 2


def test_a_refusal_because_of_stop_is_recorded_as_an_opt_out_and_skips_what_is_pending(twilio, now):
    twilio.fail("21610", to=number(0))
    broadcast.create(1, now=now)
    following = broadcast.create(1, now=now + timedelta(minutes=1))
    sending.drain(BULK, clock=clock)
    with db.transaction() as session:
        opt_out = session.scalars(select(OptOut)).one()
    assert (opt_out.source, opt_out.blocked_by_carrier, opt_out.lifted_at) == ("21610", True, None)
    assert following.message(0).skip_reason == "opted_out"
    assert following.ledger.opted_out == 1


def test_a_refusal_older_than_the_last_start_is_ignored(twilio, now):
    twilio.fail("21610", to=number(0))
    announced = broadcast.create(1, now=now)
    with db.transaction() as session:
        session.execute(
            insert(OptOut).values(
                opt_out_row(announced, 0, opted_out_at=now, lifted_at=now + timedelta(seconds=1))
            )
        )
    sending.drain(BULK, clock=lambda: now)
    assert announced.message(0).error_code == 21610
    with db.transaction() as session:
        assert session.scalar(select(func.count()).where(OptOut.lifted_at.is_(None))) == 0


@pytest.mark.parametrize(
    ("kind", "left"),
    [("500", 0), ("503", 0), ("answer_lost", 1), ("accepted_never_answered", 1), ("never_answered", 0)],
)
def test_an_answer_that_never_came_is_unknown_and_stays_so(twilio, now, monkeypatch, kind, left):
    monkeypatch.setattr(vendor, "TOTAL_SECONDS", 0.3)
    twilio.fail(kind, to=number(1), times=1)
    announced = broadcast.create(3, now=now)
    sending.drain(BULK, clock=clock)
    sending.drain(BULK, clock=later)
    assert announced.statuses() == {"accepted": 2, "unknown": 1}
    assert announced.history(1) == [("calling", "send"), ("unknown", "send")]
    assert texts(twilio, 1) == left
    assert announced.chunk().finished_at is not None


def test_a_429_is_sent_again_when_its_wait_is_over_and_nobody_gets_two(twilio, now):
    twilio.fail("429", times=5)
    announced = broadcast.create(40, now=now)
    assert sending.drain(BULK, clock=lambda: now) is False
    assert announced.statuses() == {"accepted": 35, "pending": 5}
    chunk = announced.chunk()
    assert (chunk.lease_token, chunk.leased_until, chunk.finished_at) == (None, None, None)
    assert now < chunk.not_before <= now + timedelta(seconds=2)
    sending.drain(BULK, clock=lambda: now)
    assert twilio.count() == 35, "the wait is not over"
    sending.drain(BULK, clock=later)
    assert announced.statuses() == {"accepted": 40}
    assert all(texts(twilio, position) == 1 for position in range(40))


def test_waits_grow_with_every_429(twilio, now):
    twilio.fail("429")
    announced = broadcast.create(1, now=now)
    waits = []
    for _ in range(4):
        at = announced.chunk().not_before
        sending.drain(BULK, clock=lambda at=at: at)
        waits.append((announced.chunk().not_before - at).total_seconds())
    assert all(0.5 * 2**n <= wait <= 2**n for n, wait in enumerate(waits)), waits


def test_without_a_connection_everything_stays_pending(twilio, now, monkeypatch):
    monkeypatch.setenv("TWILIO_API_BASE_URL", "http://127.0.0.1:9")
    settings.cache_clear()
    announced = broadcast.create(3, now=now)
    sending.drain(BULK, clock=lambda: now)
    assert announced.statuses() == {"pending": 3}
    assert announced.history(0) == [("calling", "send"), ("pending", "send")]


def test_a_stop_between_lease_and_mark_skips(twilio, now):
    announced = broadcast.create(2, now=now)
    with db.transaction() as session:
        leased = chunks.take(session, BULK, now=now)
    with db.transaction() as session:  # the row alone, without the skipping that comes with a STOP
        session.execute(insert(OptOut).values(opt_out_row(announced, 0, opted_out_at=now)))
    with db.transaction() as session:
        marked = chunks.mark(session, leased.lease, most=10, now=now)
    assert [call.to for call in marked.calls] == [number(1)]
    assert (announced.message(0).status, announced.message(0).skip_reason) == ("skipped", "opted_out")
    assert announced.history(0) == [("skipped", "send")]


def test_the_suppressed_and_the_expired_are_skipped_with_the_reason(twilio, now):
    announced = broadcast.create(1, now=now)
    late = broadcast.create(1, now=now, first=1, expires_at=now)
    with db.transaction() as session:
        session.execute(
            update(ContactPoint)
            .where(ContactPoint.id == announced.message(0).contact_point_id)
            .values(suppressed_at=now, suppressed_reason="30005")
        )
    sending.drain(BULK, clock=clock)
    assert twilio.count() == 0
    assert (announced.message(0).skip_reason, late.message(1).skip_reason) == ("suppressed", "expired")
    assert announced.chunk().finished_at is not None


def test_whose_number_was_erased_is_skipped_with_the_reason(twilio, now):
    announced = broadcast.create(2, now=now)
    with db.transaction() as session:
        erased = announced.message(0).contact_point_id
        session.execute(update(ContactPoint).where(ContactPoint.id == erased).values(address=None))
    sending.drain(BULK, clock=clock)
    assert announced.statuses() == {"skipped": 1, "accepted": 1}
    assert announced.message(0).skip_reason == "erased"


def test_a_mark_does_not_outlive_a_stop_while_twilio_is_slow(twilio, now, monkeypatch):
    monkeypatch.setattr(drain, "CONCURRENT_CALLS", 2)
    monkeypatch.setattr(drain, "MARK_HOLDS_SECONDS", 0.3)
    for position in range(2):
        twilio.fail("slow", to=number(position), seconds=0.8)
    broadcast.create(2, now=now - timedelta(minutes=1))
    behind = broadcast.create(1, now=now, first=2)
    stopped = []

    def clock_that_stops() -> datetime:
        # Asked for each mark; the person behind the slow ones says STOP once their message is marked.
        if not stopped and behind.message(2).status == "calling":
            with db.transaction() as session:
                service.opt_out(
                    session,
                    contact_point_id=behind.message(2).contact_point_id,
                    sender_id=behind.sender_id,
                    blocked_by_carrier=False,
                    source="word",
                    now=now,
                )
            stopped.append(True)
        return datetime.now(UTC)

    sending.drain(BULK, clock=clock_that_stops)
    assert stopped
    assert texts(twilio, 2) == 0
    assert behind.message(2).skip_reason == "opted_out"


def test_a_source_is_told_to_be_settled_once_when_its_last_message_ends(twilio, now):
    twilio.fail("21617")
    announced = broadcast.create(150, now=now)
    sending.drain(BULK, clock=clock)
    with db.transaction() as session:
        events = session.scalars(select(Event).where(Event.type == "messaging.settled")).all()
    assert [(event.subject_type, event.subject_id) for event in events] == [
        ("announcement", announced.source_id)
    ]


def test_a_source_is_settled_when_all_its_people_have_said_stop(twilio, now):
    announced = broadcast.create(1, now=now)
    with db.transaction() as session:
        service.skip_pending(
            session, contact_point_id=announced.message(0).contact_point_id, reason="left", now=now
        )
    sending.drain(BULK, clock=clock)
    with db.transaction() as session:
        assert session.scalar(select(func.count()).where(Event.type == "messaging.settled")) == 1
        assert session.scalar(select(func.count()).where(Chunk.finished_at.is_(None))) == 0


def test_a_stopped_process_claims_nothing(twilio, now, monkeypatch):
    announced = broadcast.create(1, now=now)
    monkeypatch.setattr(sending, "_stopping", sending.threading.Event())
    sending.stop()
    assert sending.drain(BULK, clock=clock) is False
    assert announced.statuses() == {"pending": 1}


@pytest.mark.parametrize("column", [ContactPoint.address, Rendering.text], ids=["number", "text"])
def test_a_message_that_does_not_decrypt_fails_alone(twilio, now, column):
    broken = broadcast.create(1, now=now)
    announced = broadcast.create(20, now=now, first=1)
    with db.transaction() as session:
        message = broken.message(0)
        row = message.contact_point_id if column.class_ is ContactPoint else message.rendering_id
        session.execute(
            update(column.class_)
            .where(column.class_.id == row)
            .values({column.key: type_coerce(b"\0\1" + bytes(40), LargeBinary)})
        )
    sending.drain(BULK, clock=clock)
    assert announced.statuses() == {"accepted": 20}
    assert broken.statuses() == {"failed": 1}
    assert broken.chunk().finished_at


def test_a_message_under_a_key_that_is_not_listed_waits_for_the_key(twilio, now):
    announced = broadcast.create(3, now=now)
    with db.transaction() as session:
        session.execute(
            update(ContactPoint)
            .where(ContactPoint.id == announced.message(1).contact_point_id)
            .values(address=type_coerce(b"\0\7" + bytes(40), LargeBinary))
        )
    sending.drain(BULK, clock=clock)
    assert announced.statuses() == {"accepted": 2, "pending": 1}
    with db.transaction() as session:
        session.execute(
            update(ContactPoint)
            .where(ContactPoint.id == announced.message(1).contact_point_id)
            .values(address=number(1))
        )
    sending.drain(BULK, clock=later)
    assert announced.statuses() == {"accepted": 3}
