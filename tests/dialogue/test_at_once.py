"""Texts that come in at the same moment, each in a thread and a transaction of its own."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

import flows
from bot import db
from bot.announcements import fanout
from bot.announcements.models import Announcement
from bot.audience import service as audience
from bot.audience.models import Client, Consent, Person, Subscription
from bot.audience.service import Evidence
from bot.dialogue.models import Inbound as InboundRow
from bot.dialogue.service import Inbound
from bot.messaging import service as messaging
from bot.messaging.models import ContactPoint, Message, Sender
from simulator.servers import Servers
from tests.dialogue.deliveries import Deliveries

NUMBER, OWNER, FAN, STRANGER = (f"+1555010000{place}" for place in range(4))
SERVICE = "MG" + "1" * 32


@pytest.fixture
def pizza(database: Servers, now: datetime) -> Client:
    """A client with an owner and one subscriber."""
    with db.transaction() as session:
        sender = messaging.sender_of(session, service_sid=SERVICE, number=NUMBER, now=now)
        client = audience.add_client(
            session, name="Pizza Palace", slug="pizza-palace", owner_number=OWNER, locale="en",
            time_zone="America/New_York", support_contact=None, sender_id=sender.id, now=now,
        )  # fmt: skip
        fan = audience.person_at(session, FAN, now=now)
        audience.follow(session, fan, client, Evidence("operator", now), tell_client=False)
    return client


def inbound(number: str, body: str, sid: str | None = None) -> Inbound:
    return Inbound(sid or f"SM{uuid.uuid4().hex}", number, NUMBER, body, SERVICE)


def receive(text_in: Inbound, now: datetime) -> list[str]:
    with db.transaction() as session:
        return [reply.text for reply in flows.dialogue.receive(session, text_in, now=now)]


def at_once(*texts: Inbound, now: datetime) -> list[list[str]]:
    """Receive texts in as many threads, which set off together."""
    together = threading.Barrier(len(texts))

    def one(each: Inbound) -> list[str]:
        together.wait(timeout=10)
        return receive(each, now)

    with ThreadPoolExecutor(len(texts)) as pool:
        return list(pool.map(one, texts))


def count(table: Any, *conditions: Any) -> int:
    with db.transaction() as session:
        return session.scalar(select(func.count()).select_from(table).where(*conditions)) or 0


def wait_until(holds: Callable[[], bool]) -> None:
    """Wait for something that another thread or the database brings about."""
    give_up_at = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < give_up_at
        threading.Event().wait(0.01)


def waiting_for_a_lock(number: int) -> bool:
    """Whether so many connections wait for another's lock right now."""
    with db.transaction() as session:
        query = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
        return session.scalar(query) == number


def test_copies_of_one_text_at_once_have_one_effect_and_the_same_reply(pizza: Client, now: datetime) -> None:
    text_in = inbound(STRANGER, "JOIN pizza-palace")
    replies = at_once(*[text_in] * 6, now=now)
    assert len(replies[0]) == 1
    assert replies == [replies[0]] * 6
    assert count(InboundRow) == 1
    assert count(Subscription) == 2  # the fan's, and this one
    assert count(Consent, Consent.source == "sms") == 1
    assert count(Message, Message.source_type == "inbound") == 1


def test_a_copy_waits_for_the_first_one_s_reply(pizza: Client, now: datetime) -> None:
    text_in = inbound(FAN, "COMMANDS")
    with Session(db.engine()) as first, ThreadPoolExecutor(1) as pool:
        replies = [reply.text for reply in flows.dialogue.receive(first, text_in, now=now)]
        copy = pool.submit(receive, text_in, now)
        wait_until(lambda: waiting_for_a_lock(1))
        assert not copy.done()
        first.commit()
        assert copy.result(timeout=10) == replies != []


def test_the_copy_of_a_text_that_failed_is_taken_as_the_first(pizza: Client, now: datetime) -> None:
    text_in = inbound(FAN, "COMMANDS")
    with Session(db.engine()) as first, ThreadPoolExecutor(1) as pool:
        flows.dialogue.receive(first, text_in, now=now)
        copy = pool.submit(receive, text_in, now)
        wait_until(lambda: waiting_for_a_lock(1))
        first.rollback()
        assert len(copy.result(timeout=10)) == 1
    assert count(InboundRow) == 1


def test_two_texts_from_one_phone_are_handled_one_after_another(pizza: Client, now: datetime) -> None:
    """CONFIRM waits until the draft before it is there, so it finds it."""
    receive(inbound(OWNER, "COMMANDS"), now)  # so that the conversation's row is there, to be locked
    draft, confirm = inbound(OWNER, "Half-price pizza"), inbound(OWNER, "CONFIRM")
    with Session(db.engine()) as first, ThreadPoolExecutor(1) as pool:
        flows.dialogue.receive(first, draft, now=now)
        answer = pool.submit(receive, confirm, now)
        wait_until(lambda: waiting_for_a_lock(1))
        assert not answer.done()
        first.commit()
        assert answer.result(timeout=10) == ["It is on its way to 1 subscriber."]


def test_texts_from_different_phones_do_not_wait_for_each_other(pizza: Client, now: datetime) -> None:
    with Session(db.engine()) as first:
        flows.dialogue.receive(first, inbound(FAN, "LEAVE"), now=now)
        assert len(receive(inbound(OWNER, "COMMANDS"), now)) == 1


def test_first_texts_from_one_new_number_at_once_make_one_person(pizza: Client, now: datetime) -> None:
    people = count(Person)
    at_once(*(inbound(STRANGER, "Hello?") for _ in range(6)), now=now)
    assert count(Person) == people + 1
    assert count(ContactPoint, ContactPoint.last4 == STRANGER[-4:]) == 1
    assert count(InboundRow) == 6


def test_first_texts_to_one_new_sender_at_once_make_one_sender(database: Servers, now: datetime) -> None:
    at_once(*(inbound(f"+155501000{place}0", "Hello?") for place in range(4)), now=now)
    assert count(Sender) == 1


def test_confirm_twice_at_once_sends_once(pizza: Client, now: datetime) -> None:
    receive(inbound(OWNER, "Half-price pizza"), now)
    replies = at_once(*(inbound(OWNER, "CONFIRM") for _ in range(4)), now=now)
    assert replies.count(["It is on its way to 1 subscriber."]) == 1
    already = ["Your announcement is already on its way. It is sent once. Text STATUS to follow it."]
    assert replies.count(already) == 3
    assert count(Announcement, Announcement.status == "confirmed") == 1
    deliveries = Deliveries()
    deliveries.settle(now)
    assert [call.to for call in deliveries.send("bulk", now)] == [FAN]
    assert deliveries.send("bulk", now) == []


def test_join_and_stop_at_once_end_in_stop(pizza: Client, now: datetime) -> None:
    """Twilio's own block holds, whichever of them we see first: a JOIN after it is only remembered."""
    at_once(inbound(STRANGER, "JOIN pizza-palace"), inbound(STRANGER, "STOP"), now=now)
    with db.transaction() as session:
        person = messaging.find_contact_point(session, STRANGER)
        assert person is not None
        sender = session.scalars(select(Sender)).one()
        assert messaging.opt_out_in_force(session, person.id, sender.id) is not None


def test_leaving_while_the_rows_are_written_waits_and_is_heard(pizza: Client, now: datetime) -> None:
    for body in ("Half-price pizza", "CONFIRM"):
        receive(inbound(OWNER, body), now)
    with db.transaction() as session:
        announcement_id = session.scalars(select(Announcement.id)).one()
    with Session(db.engine()) as writing, ThreadPoolExecutor(1) as pool:
        fanout.fan_out(writing, announcement_id, now=now)
        leaving = pool.submit(receive, inbound(FAN, "LEAVE 1"), now)
        wait_until(lambda: waiting_for_a_lock(1))
        assert not leaving.done()
        writing.commit()
        leaving.result(timeout=10)
    assert count(Message, Message.source_type == "announcement", Message.skip_reason == "left") == 1
    assert Deliveries().send("bulk", now) == []


def test_leaving_before_the_rows_are_written_waits_for_nothing_and_is_heard(
    pizza: Client, now: datetime
) -> None:
    for body in ("Half-price pizza", "CONFIRM"):
        receive(inbound(OWNER, body), now)
    with db.transaction() as session:
        announcement_id = session.scalars(select(Announcement.id)).one()

    def fan_out() -> None:
        with db.transaction() as writing:
            fanout.fan_out(writing, announcement_id, now=now)

    with ThreadPoolExecutor(2) as pool:
        with db.transaction() as slow:
            slow.execute(text("LOCK TABLE chunk IN SHARE ROW EXCLUSIVE MODE"))
            written = pool.submit(fan_out)
            wait_until(lambda: waiting_for_a_lock(1))
            pool.submit(receive, inbound(FAN, "LEAVE 1"), now).result(timeout=5)
        written.result(timeout=10)
    assert count(Message, Message.source_type == "announcement", Message.skip_reason == "left") == 1
