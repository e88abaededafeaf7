"""Texts that our webhook never took, from Twilio's list: none is lost, and none undoes what came later."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select, update
from structlog.testing import capture_logs

from bot import clock as clocks
from bot import db
from bot.audience import queries as audience_queries
from bot.audience import service as audience
from bot.config import settings
from bot.dialogue import jobs, unseen
from bot.dialogue.models import Inbound as InboundRow
from bot.dialogue.models import Watch
from bot.dialogue.service import Inbound
from bot.jobs import EXPRESS
from bot.messaging import sending, service
from bot.messaging.models import OptOut, Sender
from flows import dialogue
from tests.messaging.broadcast import clock, number
from tests.messaging.conftest import NUMBER

SAM = number(1)


OTHER_NUMBER = "+15550100077"


@pytest.fixture
def pool(twilio):
    """The Messaging Service has a second number, that nobody has texted yet."""
    service_sid = settings().twilio_messaging_service_sid
    twilio.configure(services={service_sid: [NUMBER, OTHER_NUMBER]})
    yield
    twilio.configure(services={service_sid: [NUMBER]})


@pytest.fixture(autouse=True)
def watched(twilio, now, monkeypatch):
    """A client on the shared sender, and its number watched."""
    monkeypatch.setattr(jobs, "dialogue", dialogue)
    with db.transaction() as session:
        sender = service.sender_of(
            session, service_sid=settings().twilio_messaging_service_sid, number=NUMBER, now=now
        )
        audience.add_client(
            session, name="Pizza Palace", slug="pizza-palace", owner_number=number(0), locale="en",
            time_zone="UTC", support_contact=None, sender_id=sender.id, now=now,
        )  # fmt: skip
        unseen.expect(session, now=now)


def seen(body: str, at, sid: str = "SM-seen") -> list[str]:
    """A text that the webhook took."""
    text = Inbound(sid, SAM, NUMBER, body, settings().twilio_messaging_service_sid)
    with db.transaction() as session:
        return [reply.text for reply in dialogue.receive(session, text, now=at)]


def look(at) -> None:
    with db.transaction() as session:
        session.execute(update(Watch).values(not_before=at))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clocks, "source", lambda: at)
        jobs.take_in_unseen()


def outcomes() -> list[str]:
    with db.transaction() as session:
        return list(
            session.scalars(select(InboundRow.outcome).order_by(InboundRow.received_at, InboundRow.id))
        )


def opted_out() -> bool:
    with db.transaction() as session:
        return bool(session.scalar(select(func.count()).where(OptOut.lifted_at.is_(None))))


def follows() -> bool:
    with db.transaction() as session:
        point = service.find_contact_point(session, SAM)
        sender = service.sender_of(
            session, service_sid=settings().twilio_messaging_service_sid, number=NUMBER, now=clock()
        )
        return point is not None and bool(audience_queries.clients_of(session, point.person_id, sender.id)[1])


def test_a_stop_that_the_webhook_missed_is_not_lost(twilio, now):
    twilio.text(SAM, "STOP")
    look(now + timedelta(minutes=1))
    assert outcomes() == [], "its webhook may still come"
    look(now + timedelta(minutes=3))
    assert outcomes() == ["carrier.stop"]
    assert opted_out()
    look(now + timedelta(minutes=6))
    assert outcomes() == ["carrier.stop"]


def test_a_stop_to_a_number_that_nobody_texted_before_is_not_lost(twilio, now, pool):
    twilio.text(SAM, "STOP", to=OTHER_NUMBER)
    look(now + timedelta(minutes=3))
    assert not opted_out(), "its number is not known yet"
    jobs.learn_numbers()
    look(now + timedelta(minutes=3))
    assert outcomes() == ["carrier.stop"]
    assert opted_out()


def test_texts_to_several_numbers_of_a_service_are_one_conversation(twilio, now, pool):
    jobs.learn_numbers()
    twilio.text(SAM, "JOIN pizza-palace")
    twilio.text(number(2), "JOIN pizza-palace", to=OTHER_NUMBER)
    look(now + timedelta(minutes=3))
    assert outcomes() == ["Join.join", "Join.join"]
    assert follows()
    with db.transaction() as session:
        assert session.scalars(select(func.count(Sender.id))).one() == 1


def test_a_number_that_moved_to_another_service_is_watched_for_that_one(twilio, now, pool):
    jobs.learn_numbers()
    with db.transaction() as session:
        other = service.sender_of(session, service_sid="MG" + "9" * 32, number=OTHER_NUMBER, now=now)
        unseen.watch(session, other.id, [OTHER_NUMBER], now=now)
        watched = dict(session.execute(select(Watch.number, Watch.sender_id)).all())
    assert watched[OTHER_NUMBER] == other.id
    assert watched[NUMBER] != other.id


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("TWILIO_AUTH_TOKEN", "wrong", "TWILIO_AUTH_TOKEN"),
        ("TWILIO_API_BASE_URL", "http://127.0.0.1:9", "does not answer"),
    ],
)
def test_while_twilio_does_not_name_the_numbers_those_that_we_know_stay_watched(
    twilio, pool, name, value, complaint
):
    jobs.learn_numbers()
    with pytest.MonkeyPatch.context() as patch, capture_logs() as logs:
        patch.setenv(name, value)
        settings.cache_clear()
        jobs.learn_numbers()
    settings.cache_clear()
    assert [log["event"] for log in logs] == ["numbers_not_learnt"]
    assert complaint in logs[0]["error"]
    with db.transaction() as session:
        assert set(session.scalars(select(Watch.number))) == {NUMBER, OTHER_NUMBER}


def test_a_stop_counts_however_late_we_hear_of_it(twilio, now):
    twilio.text(SAM, "STOP")
    look(now + timedelta(days=1))
    assert opted_out()


@pytest.mark.parametrize("body", ["START", "JOIN pizza-palace"])
def test_a_stop_from_before_they_came_back_does_not_undo_that(twilio, now, body):
    twilio.text(SAM, "STOP")
    seen(body, clock() + timedelta(seconds=30))
    look(now + timedelta(minutes=3))
    assert outcomes()[0] == "late.kept"
    assert not opted_out()


def test_a_stop_counts_although_they_said_something_else_since(twilio, now):
    twilio.text(SAM, "STOP")
    seen("are you open?", clock() + timedelta(seconds=30))
    look(now + timedelta(minutes=3))
    assert outcomes()[0] == "carrier.stop"
    assert opted_out()


def test_an_end_in_plain_words_counts_too(twilio, now):
    seen("JOIN pizza-palace", now)
    twilio.text(SAM, "please stop texting me")
    look(now + timedelta(hours=2))
    assert opted_out()


def test_a_start_from_before_their_stop_does_not_undo_that(twilio, now):
    twilio.text(SAM, "START")
    seen("STOP", clock() + timedelta(seconds=30))
    look(now + timedelta(minutes=3))
    assert opted_out()


def test_several_are_taken_in_the_order_in_which_they_were_sent(twilio, now):
    for body in ("JOIN pizza-palace", "STOP", "START"):
        twilio.text(SAM, body)
    look(now + timedelta(minutes=3))
    assert outcomes() == ["Join.join", "carrier.stop", "carrier.start"]
    assert not opted_out()


def test_a_join_is_answered_by_a_text_and_its_late_webhook_by_nothing(twilio, now):
    sid = twilio.text(SAM, "JOIN pizza-palace").sid
    look(now + timedelta(minutes=3))
    assert follows()
    sending.drain(EXPRESS, clock=lambda: now + timedelta(minutes=3))
    (reply,) = twilio.messages(SAM, direction="outbound-api")
    assert "Pizza Palace" in reply["body"]
    assert seen("JOIN pizza-palace", now + timedelta(minutes=4), sid) == []


def test_a_join_is_welcome_hours_later_but_nothing_else_is_acted_on(twilio, now):
    twilio.text(SAM, "hello?")
    twilio.text(SAM, "JOIN pizza-palace")
    look(now + timedelta(hours=5))
    assert outcomes() == ["late.kept", "Join.join"]
    assert follows()


def test_what_was_said_before_something_that_we_heard_is_kept_and_not_acted_on(twilio, now):
    twilio.text(SAM, "JOIN pizza-palace")
    seen("LANG es", clock() + timedelta(seconds=30))
    look(now + timedelta(minutes=3))
    assert outcomes()[0] == "late.kept"
    assert not follows()


def test_while_twilio_does_not_show_its_list_nothing_is_passed_over(twilio, now, monkeypatch):
    twilio.text(SAM, "STOP")
    url = settings().twilio_api_base_url
    monkeypatch.setenv("TWILIO_API_BASE_URL", "http://127.0.0.1:9")
    settings.cache_clear()
    for minutes in (3, 60, 600):
        look(now + timedelta(minutes=minutes))
    monkeypatch.setenv("TWILIO_API_BASE_URL", url)
    settings.cache_clear()
    look(now + timedelta(minutes=700))
    assert opted_out()


def test_a_text_that_trips_us_up_does_not_keep_the_others_waiting(twilio, now, monkeypatch):
    twilio.text(number(2), "JOIN pizza-palace")
    twilio.text(SAM, "STOP")
    receive = dialogue.receive

    def trip(session, inbound, *, now):
        if inbound.from_number == number(2):
            raise ZeroDivisionError
        return receive(session, inbound, now=now)

    monkeypatch.setattr(dialogue, "receive", trip)
    look(now + timedelta(minutes=3))
    assert opted_out()


def test_within_seconds_nobody_knows_what_came_first_and_stop_wins(twilio, now):
    twilio.text(SAM, "STOP")
    seen("JOIN pizza-palace", clock() + timedelta(seconds=5))
    look(now + timedelta(minutes=3))
    assert opted_out()
