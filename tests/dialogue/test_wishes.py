"""What the ledgers hold after somebody's own words about getting texts, and what is taken back with them."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from sqlalchemy import select, update

import flows
from bot import db
from bot.announcements import fanout
from bot.announcements import service as announcements
from bot.audience import service as audience
from bot.audience.models import Client, Consent
from bot.audience.service import Evidence
from bot.dialogue.models import Inbound as InboundRow
from bot.dialogue.service import Inbound
from bot.messaging import service as messaging
from bot.messaging.models import Message, OptOut, Respite, Sender

NUMBER, OWNER, FAN = (f"+1555010000{place}" for place in range(3))
SERVICE = "MG" + "1" * 32


@pytest.fixture
def pizza(database, now) -> Client:
    with db.transaction() as session:
        sender = messaging.sender_of(session, service_sid=SERVICE, number=NUMBER, now=now)
        client = audience.add_client(
            session, name="Pizza Palace", slug="pizza-palace", owner_number=OWNER, locale="en",
            time_zone="America/New_York", support_contact=None, sender_id=sender.id, now=now,
        )  # fmt: skip
        fan = audience.person_at(session, FAN, now=now)
        audience.follow(session, fan, client, Evidence("operator", now), tell_client=False)
    return client


def texts(number, body, now, sid=None):
    text_in = Inbound(sid or f"SM{uuid.uuid4().hex}", number, NUMBER, body, SERVICE)
    with db.transaction() as session:
        return [reply.text for reply in flows.dialogue.receive(session, text_in, now=now)]


def consents():
    with db.transaction() as session:
        return [
            (each.action, each.source, each.words_said, each.text_shown)
            for each in session.scalars(
                select(Consent).where(Consent.source == "plain words").order_by(Consent.at, Consent.id)
            )
        ]


def outcomes():
    with db.transaction() as session:
        return session.scalars(select(InboundRow.outcome).order_by(InboundRow.received_at)).all()


def announce(client, now):
    """Half-price pizza, on its way: a row for everybody, none of them sent."""
    with db.transaction() as session:
        author = messaging.find_contact_point(session, OWNER)
        draft = announcements.draft(session, session.merge(client), author, "Half-price pizza", now=now)
        announcements.confirm(session, session.merge(client), draft, author, now=now)
    with db.transaction() as session:
        fanout.fan_out(session, draft, now=now)


def message():
    with db.transaction() as session:
        return session.scalars(select(Message).where(Message.purpose == "announcement")).one()


@pytest.mark.parametrize("opt_outs_by", ["carrier", "bot"])
def test_a_clear_wish_is_on_record_with_its_words_and_skips_what_is_pending(pizza, now, opt_outs_by):
    with db.transaction() as session:
        session.execute(update(Sender).values(opt_outs_by=opt_outs_by))
    announce(pizza, now)
    replies = texts(FAN, "Quítame de la lista 🙏", now, sid="SM1")
    assert len(replies) == 1
    assert "START" in replies[0]
    with db.transaction() as session:
        opt_out = session.scalars(select(OptOut)).one()
        consent = session.scalars(select(Consent).where(Consent.action == "opt_out")).one()
        reply = session.scalars(select(Message).where(Message.purpose == "reply")).one()
    assert (opt_out.source, opt_out.blocked_by_carrier, opt_out.lifted_at) == ("plain words", False, None)
    assert (consent.words_said, consent.provider_id, consent.at) == ("Quítame de la lista 🙏", "SM1", now)
    assert message().skip_reason == "opted_out"
    assert reply.status != "skipped", "Twilio blocks nobody here, so the confirmation goes out"
    assert outcomes() == ["plainwords.stop"]


def test_said_again_it_is_recorded_and_not_confirmed_again(pizza, now):
    texts(FAN, "take me off this list", now)
    assert texts(FAN, "TAKE ME OFF THIS LIST!!", now + timedelta(minutes=1)) == []
    assert [words for _action, _source, words, _shown in consents()] == [
        "take me off this list",
        "TAKE ME OFF THIS LIST!!",
    ]
    assert outcomes() == ["plainwords.stop", "plainwords.again"]


def test_start_lifts_it_although_twilio_did_not_hear_it(pizza, now):
    texts(FAN, "wrong number", now)
    assert texts(FAN, " start ", now)[0].startswith("Welcome back!")
    announce(pizza, now)
    assert message().status == "pending"


def test_a_doubtful_wish_the_question_and_the_answer_are_on_record(pizza, now):
    (question,) = texts(FAN, "Enough", now)
    later = now + timedelta(hours=1)
    assert texts(FAN, "Is it spicy?", later) == ["Thanks! We keep your text for Pizza Palace."]
    assert consents() == [
        ("asked", "plain words", "Enough", question),
        ("stay", "plain words", "Is it spicy?", None),
    ]
    with db.transaction() as session:
        respite = session.scalars(select(Respite)).one()
    assert (respite.began_at, respite.until, respite.ended_at) == (now, now + timedelta(days=1), later)


def test_help_is_an_answer_too(pizza, now):
    texts(FAN, "Enough", now)
    texts(FAN, "HELP", now)
    assert [action for action, *_rest in consents()] == ["asked", "stay"]


def test_a_stop_ends_the_question_too(pizza, now):
    texts(FAN, "Enough", now)
    texts(FAN, "STOP", now)
    texts(FAN, "START", now)
    assert texts(FAN, "Hello?", now) == ["Thanks! We keep your text for Pizza Palace."]
    assert [action for action, *_rest in consents()] == ["asked"]


def test_an_answer_after_a_day_is_no_answer(pizza, now):
    texts(FAN, "Enough", now)
    texts(FAN, "Hello?", now + timedelta(days=1))
    assert [action for action, *_rest in consents()] == ["asked"]
