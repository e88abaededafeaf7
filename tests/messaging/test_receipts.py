"""Receipts: in any order, any number of times, before our own write, and over HTTP from the stand-in."""

from __future__ import annotations

import uuid
from datetime import timedelta
from itertools import permutations

import pytest
from rq import Queue
from sqlalchemy import func, insert, select
from structlog.testing import capture_logs

from bot import db, jobs
from bot.events.models import Event
from bot.ids import uuid7
from bot.jobs import BULK, DEFAULT
from bot.messaging import chunks, receipts, sending, statuses, steps
from bot.messaging import jobs as messaging_jobs
from bot.messaging.models import OptOut, Receipt
from bot.messaging.steps import Step
from bot.vendors import twilio as vendor
from tests.messaging import broadcast
from tests.messaging.broadcast import clock, number


def append(message_id, status, *, now, sid="SM1", error_code=None):
    with db.transaction() as session:
        receipts.append(
            session, message_id=message_id, provider_id=sid, status=status, error_code=error_code, now=now
        )


def apply(now):
    with db.transaction() as session:
        return receipts.apply(session, now=now)


def calling(announced, now):
    """Mark everything as being called."""
    with db.transaction() as session:
        leased = chunks.take(session, BULK, now=now)
    with db.transaction() as session:
        chunks.mark(session, leased.lease, most=1000, now=now)


def accepted(message_id, now, sid="SM1"):
    with db.transaction() as session:
        steps.take(session, [Step(message_id, "accepted", "send", now, provider_id=sid)], now=now)


def inbox():
    with db.transaction() as session:
        return session.scalar(select(func.count()).select_from(Receipt))


LIFE = ("our own write", "queued", "sent", "delivered")


@pytest.mark.parametrize("order", list(permutations(LIFE)), ids=">".join)
def test_a_life_ends_delivered_in_whatever_order_it_is_told(twilio, now, order):
    announced = broadcast.create(1, now=now)
    calling(announced, now)
    message_id = announced.message(0).id
    ranks = []
    for word in order:
        if word == "our own write":
            accepted(message_id, now)
        else:
            append(message_id, word, now=now)
            append(message_id, word, now=now)  # Twilio may tell twice
            apply(now)
        ranks.append(announced.message(0).rank)
    assert ranks == sorted(ranks), "a status never goes down"
    assert announced.message(0).status == "delivered"
    assert announced.message(0).provider_id == "SM1"
    assert len(announced.history(0)) == 1 + 1 + 2 * 3
    assert inbox() == 0


@pytest.mark.parametrize("order", list(permutations(("sent", "undelivered", "delivered"))), ids=">".join)
def test_a_late_delivered_corrects_a_failure(twilio, now, order):
    announced = broadcast.create(1, now=now)
    calling(announced, now)
    for word in order:
        code = 30003 if word == "undelivered" else None
        append(announced.message(0).id, word, now=now, error_code=code)
    assert apply(now) == 3
    assert (announced.message(0).status, announced.message(0).error_code) == ("delivered", None)


@pytest.mark.parametrize("word", sorted(statuses.FROM_TWILIO))
def test_every_word_of_twilios_is_understood(twilio, now, word):
    announced = broadcast.create(1, now=now)
    calling(announced, now)
    append(announced.message(0).id, word, now=now)
    apply(now)
    assert announced.message(0).status == statuses.FROM_TWILIO[word]


def test_a_receipt_without_our_id_is_matched_by_twilios(twilio, now):
    announced = broadcast.create(1, now=now)
    calling(announced, now)
    accepted(announced.message(0).id, now, sid="SM7")
    append(None, "delivered", now=now, sid="SM7")
    apply(now)
    assert announced.message(0).status == "delivered"


def test_a_receipt_for_nobody_is_logged_and_dropped(twilio, now):
    append(uuid.UUID(int=1), "delivered", now=now, sid="SM404")
    with capture_logs() as logs:
        assert apply(now) == 1
    assert [(line["event"], line["provider_id"]) for line in logs] == [("receipt_dropped", "SM404")]
    assert inbox() == 0


def test_an_unknown_message_is_settled_by_its_receipt_over_http(twilio, now, monkeypatch):
    monkeypatch.setattr(vendor, "TOTAL_SECONDS", 0.3)
    twilio.heal()
    twilio.fail("accepted_never_answered", to=number(0))
    announced = broadcast.create(2, now=now)
    sending.drain(BULK, clock=clock)
    assert announced.message(0).status == "unknown"
    twilio.wait_for(
        lambda: twilio.stats()["callbacks_posted"] >= 6 and not twilio.stats()["callback_backlog"]
    )
    messaging_jobs.apply_receipts()
    assert announced.statuses() == {"delivered": 2}
    assert announced.message(0).provider_id == twilio.messages(number(0))[0]["sid"]


def test_stop_reported_by_a_receipt_opts_out_and_a_dead_number_is_suppressed(twilio, now):
    announced = broadcast.create(4, now=now)
    calling(announced, now)
    for position, code in enumerate((21610, 30005, 30006, 30003)):
        append(announced.message(position).id, "undelivered", now=now, error_code=code, sid=f"SM{position}")
    apply(now)
    with db.transaction() as session:
        opted_out = session.scalars(select(OptOut.contact_point_id)).all()
    assert opted_out == [announced.message(0).contact_point_id]
    reasons = [announced.contact_point(position).suppressed_reason for position in range(4)]
    assert reasons == [None, "30005", "30006", None]
    assert announced.ledger.opted_out == 1


def test_stop_reported_after_a_later_start_is_ignored(twilio, now):
    announced = broadcast.create(1, now=now)
    calling(announced, now)
    message = announced.message(0)
    with db.transaction() as session:
        session.execute(
            insert(OptOut).values(
                id=uuid7(),
                contact_point_id=message.contact_point_id,
                sender_id=message.sender_id,
                blocked_by_carrier=True,
                source="word",
                opted_out_at=now,
                lifted_at=now + timedelta(seconds=5),
            )
        )
    append(message.id, "failed", now=now + timedelta(seconds=9), error_code=21610)
    apply(now + timedelta(seconds=9))
    with db.transaction() as session:
        assert session.scalar(select(func.count()).where(OptOut.lifted_at.is_(None))) == 0


def test_the_last_receipt_settles_the_source_once(twilio, now):
    announced = broadcast.create(2, now=now)
    sending.drain(BULK, clock=clock)

    def settled():
        with db.transaction() as session:
            return session.scalar(select(func.count()).where(Event.type == "messaging.settled"))

    first, second = announced.message(0), announced.message(1)
    append(first.id, "undelivered", now=now, sid=first.provider_id, error_code=30003)
    apply(now)
    assert settled() == 0
    append(second.id, "delivered", now=now, sid=second.provider_id)
    append(second.id, "delivered", now=now, sid=second.provider_id)
    apply(now)
    assert settled() == 1
    append(first.id, "delivered", now=now, sid=first.provider_id)
    apply(now)
    assert settled() == 1
    assert announced.ledger.delivered == 2


def test_more_receipts_than_one_batch_are_all_applied(twilio, now, monkeypatch):
    monkeypatch.setattr(receipts, "BATCH", 10)
    announced = broadcast.create(25, now=now)
    calling(announced, now)
    for position in range(25):
        append(announced.message(position).id, "delivered", now=now, sid=f"SM{position}")
    messaging_jobs.apply_receipts()
    assert announced.statuses() == {"delivered": 25}


def test_a_burst_of_receipts_makes_one_job_and_the_next_burst_another(twilio, now):
    queue = Queue(DEFAULT, connection=jobs.redis())
    for _ in range(5):
        messaging_jobs.wake_applier()
    assert queue.count == 1
    messaging_jobs.apply_receipts()
    messaging_jobs.wake_applier()
    assert queue.count == 2


def test_senders_are_woken_for_what_is_due_and_not_over_and_over(twilio, now):
    queue = Queue(BULK, connection=jobs.redis())
    broadcast.create(3, now=now, chunk_size=1)
    broadcast.create(1, now=now + timedelta(hours=1), first=3)
    for _ in range(3):
        with db.transaction() as session:
            messaging_jobs.wake_senders(session, now=now)
    assert queue.count == 3


def test_a_flood_of_receipts_lets_notices_have_their_turn(twilio, now, monkeypatch):
    monkeypatch.setattr(receipts, "BATCH", 10)
    monkeypatch.setattr(jobs, "TURN_SECONDS", 0)
    announced = broadcast.create(25, now=now)
    calling(announced, now)
    for position in range(25):
        append(announced.message(position).id, "delivered", now=now, sid=f"SM{position}")
    queue = Queue(DEFAULT, connection=jobs.redis())
    for delivered, enqueued in ((10, 1), (20, 2), (25, 2)):
        messaging_jobs.apply_receipts()
        assert announced.ledger.delivered == delivered
        assert [job.func_name.rpartition(".")[2] for job in queue.jobs].count("apply_receipts") == enqueued
