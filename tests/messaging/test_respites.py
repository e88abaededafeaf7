"""Respites: whoever was asked whether they want to end gets no announcement until they answer."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy import select, text, update

from bot import db
from bot.jobs import BULK
from bot.messaging import chunks, respites, sending, service
from bot.messaging.models import Message, MessageHistory, Respite
from tests.messaging import broadcast
from tests.messaging.broadcast import number

WAIT = timedelta(hours=2)


def person(announced, position=0):
    message = announced.message(position)
    return {"contact_point_id": message.contact_point_id, "sender_id": message.sender_id}


def ask(announced, now, position=0):
    with db.transaction() as session:
        respites.begin(session, **person(announced, position), until=now + WAIT, now=now)


def stay(announced, now):
    with db.transaction() as session:
        respites.end(session, **person(announced), now=now)


def send(at):
    sending.drain(BULK, clock=lambda: at)


def test_what_comes_during_a_respite_waits_and_the_others_get_theirs(twilio, now):
    announced = broadcast.create(3, now=now)
    ask(announced, now)
    send(now)
    assert announced.statuses() == {"accepted": 2, "pending": 1}
    assert announced.message(0).next_attempt_at == announced.chunk().not_before == now + WAIT
    assert announced.message(0).attempts == 0
    assert announced.history(0) == [("pending", "send")]
    with db.transaction() as session:
        detail = session.scalars(
            select(MessageHistory.detail).where(MessageHistory.message_id == announced.message(0).id)
        ).one()
    assert detail == f"waits until {now + WAIT:%Y-%m-%d %H:%M} UTC"
    send(now + WAIT - timedelta(seconds=1))
    assert twilio.count(number(0)) == 0


def test_without_an_answer_it_goes_out_when_the_respite_is_over(twilio, now):
    announced = broadcast.create(1, now=now)
    ask(announced, now)
    send(now)
    send(now + WAIT)
    assert announced.statuses() == {"accepted": 1}


def test_whoever_stays_gets_what_waited_at_once(twilio, now):
    announced = broadcast.create(3, now=now)
    ask(announced, now)
    send(now)
    soon = now + timedelta(minutes=1)
    stay(announced, soon)
    assert announced.chunk().not_before == soon
    send(soon)
    assert twilio.count(number(0)) == 1
    assert announced.chunk().finished_at == soon


def test_a_stop_skips_what_waited_and_a_start_does_not_leave_them_waiting(twilio, now):
    announced = broadcast.create(1, now=now)
    ask(announced, now)
    send(now)
    with db.transaction() as session:
        service.opt_out(session, **person(announced), blocked_by_carrier=False, source="word", now=now)
    assert announced.message(0).skip_reason == "opted_out"
    with db.transaction() as session:
        service.lift_opt_out(session, **person(announced), now=now)
    following = broadcast.create(1, now=now)
    send(now)
    assert following.statuses() == {"accepted": 1}


def test_a_text_that_is_worth_nothing_before_the_respite_ends_expires_in_time(twilio, now):
    worthless = now + timedelta(hours=1)
    announced = broadcast.create(1, now=now, expires_at=worthless)
    ask(announced, now)
    send(now)
    assert announced.message(0).next_attempt_at == worthless
    send(worthless)
    assert announced.message(0).skip_reason == "expired"
    assert announced.chunk().finished_at == worthless


@pytest.mark.parametrize("purpose", ["reply", "notice"])
def test_what_answers_somebody_does_not_wait(twilio, now, purpose):
    announced = broadcast.create(1, now=now)
    with db.transaction() as session:
        session.execute(update(Message).values(purpose=purpose))
    ask(announced, now)
    send(now)
    assert announced.statuses() == {"accepted": 1}


def test_a_respite_of_one_does_not_leave_another_alone(twilio, now):
    announced = broadcast.create(2, now=now)
    ask(announced, now, position=1)
    stay(announced, now)
    send(now)
    assert announced.statuses() == {"accepted": 1, "pending": 1}


def test_somebody_asked_again_has_one_respite_in_force(database, now):
    announced = broadcast.create(1, now=now)
    ask(announced, now)
    later = now + timedelta(days=31)
    ask(announced, later)
    with db.transaction() as session:
        assert respites.in_force(session, **person(announced), now=later)
        assert not respites.in_force(session, **person(announced), now=later + WAIT)
        assert respites.last_began(session, **person(announced)) == later
        ended = session.scalars(select(Respite.ended_at).order_by(Respite.began_at)).all()
    assert ended == [now + WAIT, None]


def test_whoever_stays_while_a_worker_finds_them_waiting_does_not_wait_on(database, now):
    announced = broadcast.create(1, now=now)
    ask(announced, now)
    soon = now + timedelta(minutes=1)
    staying = threading.Thread(target=stay, args=(announced, soon))
    with db.transaction() as session:
        leased = chunks.take(session, BULK, now=now)
    with db.transaction() as session:
        chunks.mark(session, leased.lease, most=10, now=now)
        staying.start()
        with db.transaction() as other:
            assert other.get_one(Message, announced.message(0).id).next_attempt_at is None
    staying.join()
    assert announced.message(0).next_attempt_at == soon


def test_whoever_stays_while_a_worker_gives_their_chunk_back_does_not_wait_on(database, now):
    announced = broadcast.create(1, now=now)
    ask(announced, now)
    soon = now + timedelta(minutes=1)
    with db.transaction() as session:
        leased = chunks.take(session, BULK, now=now)
    with db.transaction() as session:
        chunks.mark(session, leased.lease, most=10, now=now)

    def give_back():
        with db.transaction() as session:
            chunks.put_down(session, leased.lease, now=now)

    giving_back = threading.Thread(target=give_back)
    with db.transaction() as session:
        respites.end(session, **person(announced), now=soon)
        giving_back.start()
        while giving_back.is_alive() and not somebody_waits():
            giving_back.join(0.01)
    giving_back.join()
    assert announced.chunk().not_before <= soon


def somebody_waits():
    """Whether a transaction waits for another one's lock."""
    with db.engine().connect() as connection:
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        return connection.execute(text(waiting)).scalar_one() > 0
