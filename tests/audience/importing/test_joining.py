"""A batch of a list becomes people who follow; whoever wanted to be left alone is."""

from __future__ import annotations

import base64
import os
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import func, select, text

from bot import crypto, db
from bot.audience import queries, service
from bot.audience.importing.joining import Joined, join
from bot.audience.importing.newcomers import Newcomer
from bot.audience.models import Client, Consent, Person, Subscription
from bot.audience.service import Evidence
from bot.config import settings
from bot.events.models import Event
from bot.messaging import service as messaging
from bot.messaging.models import ContactPoint
from tests.audience.importing.conftest import PROVENANCE
from tests.simulator.waiting import wait_until

MINUTE = timedelta(minutes=1)
FAN, OTHER = "+15550100001", "+15550100002"


def count(session, model):
    return session.scalar(select(func.count()).select_from(model))


def consents(session, number):
    point = messaging.find_contact_point(session, number)
    found = session.scalars(
        select(Consent).where(Consent.person_id == point.person_id).order_by(Consent.at, Consent.id)
    )
    return [(row.action, row.source, row.words_said) for row in found]


def test_people_follow_with_their_name_their_language_and_the_proof_of_their_consent(
    session, pizza, bring, now
):
    assert bring(Newcomer(2, FAN, "es", "Zoë"), Newcomer(3, OTHER)) == Joined(new=2)
    fan, other = (messaging.find_contact_point(session, number) for number in (FAN, OTHER))
    assert (fan.address, fan.last4, fan.channel) == (FAN, "0001", "sms")
    person = session.get_one(Person, fan.person_id)
    assert (person.name, person.locale, person.created_at) == ("Zoë", "es", now)
    assert queries.subscribers_by_locale(session, pizza.id, now) == {"es": 1, "en": 1}
    assert consents(session, FAN) == [("join", "import", "paper form (list.csv, line 2)")]
    proof = session.scalars(select(Consent).where(Consent.person_id == other.person_id)).one()
    assert (proof.client_id, proof.sender_id, proof.channel, proof.purpose, proof.at) == (
        pizza.id, pizza.sender_id, "sms", "announcements", now,
    )  # fmt: skip


def test_members_are_not_told_of_each_of_them(session, pizza, bring, now):
    bring(FAN, OTHER)
    assert queries.clients_with_untold_subscriptions(session) == []
    assert count(session, Event) == 0


def test_an_announcement_that_was_confirmed_before_is_not_for_them(session, pizza, bring, now):
    bring(FAN, at=now + MINUTE)
    assert queries.subscriber_count(session, pizza.id, now) == 0
    assert queries.subscriber_count(session, pizza.id, now + MINUTE) == 1


def test_the_same_list_again_changes_nothing(session, bring, now):
    people = [Newcomer(2, FAN, "es", "Zoë"), Newcomer(3, OTHER)]
    bring(*people)
    before = [count(session, model) for model in (Person, ContactPoint, Subscription, Consent)]
    assert bring(*people, at=now + MINUTE) == Joined(already=2)
    assert [count(session, model) for model in (Person, ContactPoint, Subscription, Consent)] == before


def test_of_two_rows_of_a_number_the_first_counts(session, bring):
    assert bring(Newcomer(2, FAN, "es", "Zoë"), Newcomer(3, FAN, "fr", "Max")) == Joined(new=1, already=1)
    assert consents(session, FAN) == [("join", "import", "paper form (list.csv, line 2)")]


def test_whoever_follows_has_no_second_consent_and_keeps_name_and_language(session, pizza, bring, join, now):
    join(FAN, pizza, now, "fr")
    assert bring(Newcomer(2, FAN, "es", "Zoë")) == Joined(already=1)
    assert bring(Newcomer(2, FAN, "es", "Max")) == Joined(already=1)
    person = session.get_one(Person, messaging.find_contact_point(session, FAN).person_id)
    assert (person.name, person.locale) == ("Zoë", "fr")
    assert [action for action, *_ in consents(session, FAN)] == ["join"]
    session.get_one(Person, person.id).locale = None
    session.flush()
    bring(Newcomer(2, FAN, "es", "Max"))
    assert (person.name, person.locale) == ("Zoë", "es")


def test_whoever_follows_another_client_follows_this_one_too(session, pizza, bring, join, now):
    nook = service.add_client(
        session, name="Book Nook", slug="book-nook", owner_number="+15550108888", locale="en",
        time_zone="America/New_York", support_contact=None, sender_id=pizza.sender_id, now=now,
    )  # fmt: skip
    join(FAN, nook, now)
    assert bring(FAN) == Joined(new=1)
    assert count(session, ContactPoint) == 3  # and two owners


def test_whoever_left_this_client_stays_away(session, pizza, bring, join, now):
    fan = join(FAN, pizza, now)
    service.unfollow(session, fan, pizza, Evidence("sms", now + MINUTE, "LEAVE 1"))
    assert bring(Newcomer(2, FAN, "es", "Zoë"), at=now + 2 * MINUTE) == Joined(left=1)
    assert queries.subscriber_count(session, pizza.id, now + 3 * MINUTE) == 0
    assert [action for action, *_ in consents(session, FAN)] == ["join", "leave"]
    assert queries.name_of(session, fan.person_id) is None


def test_whoever_opted_out_stays_out_also_after_a_later_start(session, pizza, sender, bring, now):
    fan = service.person_at(session, FAN, now=now)
    service.stop(session, fan, sender, Evidence("sms", now, "STOP"), blocked_by_carrier=False)
    assert bring(Newcomer(2, FAN, "es", "Zoë"), at=now + MINUTE) == Joined(opted_out=1)
    service.start(session, fan, sender, Evidence("sms", now + 2 * MINUTE, "START"))
    assert queries.subscriber_count(session, pizza.id, now + 3 * MINUTE) == 0


def test_an_opt_out_on_another_sender_is_about_that_one_alone(session, pizza, bring, now):
    other = messaging.sender_of(session, service_sid=None, number="+15550107777", now=now)
    fan = service.person_at(session, FAN, now=now)
    service.stop(session, fan, other, Evidence("sms", now, "STOP"), blocked_by_carrier=True)
    assert bring(FAN) == Joined(new=1)


def test_whoever_was_erased_is_not_brought_back_by_a_list(session, bring, now):
    fan = service.person_at(session, FAN, now=now)
    fan.address, fan.last4 = None, ""
    session.flush()
    assert bring(FAN) == Joined(erased=1)
    assert messaging.find_contact_point(session, FAN).address is None


@pytest.fixture
def newer_index_key(monkeypatch):
    """New rows are found under a new key; the old one is still listed."""

    def forget():
        settings.cache_clear()
        crypto.keyring.cache_clear()

    old = os.environ["INDEX_KEYS"]

    def rotate():
        monkeypatch.setenv("INDEX_KEYS", f"2:{base64.b64encode(b'n' * 32).decode()},{old}")
        forget()

    yield rotate
    monkeypatch.undo()
    forget()


def test_a_number_under_an_older_index_key_is_the_same_number(bring, newer_index_key):
    assert bring(FAN) == Joined(new=1)
    newer_index_key()
    assert bring(FAN, OTHER) == Joined(new=1, already=1)
    assert bring(FAN, OTHER) == Joined(already=2)


@pytest.fixture
def committed(database, now):
    """Pizza Palace, for everybody to see."""
    with db.transaction() as session:
        sender = messaging.sender_of(session, service_sid="MG" + "1" * 32, number="+15550100000", now=now)
        return service.add_client(
            session, name="Pizza Palace", slug="pizza-palace", owner_number="+15550109999", locale="en",
            time_zone="America/New_York", support_contact=None, sender_id=sender.id, now=now,
        )  # fmt: skip


def waits_for_a_lock():
    with db.engine().connect() as connection:
        return bool(
            connection.scalar(text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"))
        )


def test_a_join_from_the_same_new_number_at_the_same_moment_is_one_person(committed, now):
    def bring_both():
        with db.transaction() as session:
            people = [Newcomer(2, FAN), Newcomer(3, OTHER)]
            return join(session, people, session.get_one(Client, committed.id), PROVENANCE, now=now)

    with ThreadPoolExecutor(1) as elsewhere, db.transaction() as joining:
        fan = service.person_at(joining, FAN, now=now)
        service.follow(joining, fan, committed, Evidence("sms", now, "JOIN"), tell_client=True)
        imported = elsewhere.submit(bring_both)
        assert wait_until(waits_for_a_lock)
        joining.commit()
        assert imported.result() == Joined(new=1, already=1)
    with db.transaction() as session:
        assert count(session, Person) == count(session, ContactPoint) == 3
        assert [source for _, source, _ in consents(session, FAN)] == ["sms"]


def test_nobody_else_waits_for_an_import(committed, now):
    """While a batch is not committed, people join, leave and stop, and an announcement fans out."""
    with db.transaction() as session:
        fan = service.person_at(session, FAN, now=now)
        service.follow(session, fan, committed, Evidence("sms", now, "JOIN"), tell_client=False)
    with db.transaction() as importing:
        client = importing.get_one(Client, committed.id)
        assert join(importing, [Newcomer(2, FAN), Newcomer(3, OTHER)], client, PROVENANCE, now=now).new == 1
        with db.transaction() as texting:
            texting.execute(text("SET LOCAL lock_timeout = '1s'"))
            third = service.person_at(texting, "+15550100003", now=now)
            service.follow(texting, third, committed, Evidence("sms", now, "JOIN"), tell_client=True)
            service.hold_audience(texting, committed.id)
            assert service.unfollow(texting, fan, committed, Evidence("sms", now, "LEAVE"))
            sender = texting.get_one(type(committed), committed.id).sender_id
            messaging.opt_out(
                texting, contact_point_id=fan.id, sender_id=sender, blocked_by_carrier=False,
                source="word", now=now,
            )  # fmt: skip
    with db.transaction() as session:
        assert queries.subscriber_count(session, committed.id, now) == 2
