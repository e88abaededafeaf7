"""Who follows whom at which moment, and what the ledger of consent keeps of it."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select, text
from structlog.testing import capture_logs

from bot import db
from bot.audience import notices, queries, service, sweeps
from bot.audience.models import Consent, Person, Subscription
from bot.audience.service import Evidence
from bot.events.models import Event
from bot.ids import uuid7
from bot.messaging import service as messaging
from bot.messaging import texts
from bot.messaging.models import Message, Rendering
from tests.audience.conftest import OWNER

MINUTE = timedelta(minutes=1)


def reached(session, client, at):
    """The contact points that a text at a moment would reach."""
    return {row.contact_point_id for row in session.execute(queries.reachable(client.id, at))}


def consents(session, person):
    rows = session.scalars(
        select(Consent).where(Consent.person_id == person.person_id).order_by(Consent.at, Consent.id)
    )
    return [row.action for row in rows]


def test_a_past_audience_stays_what_it_was(session, pizza, sender, join, now):
    stays, leaves, stops, comes_back, unlucky = (join(f"+1555010000{n}", pizza, now) for n in range(5))
    later = join("+15550100009", pizza, now + 2 * MINUTE)
    then = now + MINUTE
    before = reached(session, pizza, then)

    at = now + 3 * MINUTE
    service.unfollow(session, leaves, pizza, Evidence("sms", at, "LEAVE 1"))
    service.stop(session, stops, sender, Evidence("sms", at, "STOP"), blocked_by_carrier=True)
    service.unfollow(session, comes_back, pizza, Evidence("sms", at, "LEAVE 1"))
    messaging.suppress(session, contact_point_id=unlucky.id, reason="30006", now=at)
    service.follow(session, comes_back, pizza, Evidence("sms", at + MINUTE, "JOIN"), tell_client=True)
    session.expire_all()

    assert before == {person.id for person in (stays, leaves, stops, comes_back, unlucky)}
    assert reached(session, pizza, then) == before
    assert reached(session, pizza, at) == {stays.id, later.id}
    assert reached(session, pizza, at + MINUTE) == {stays.id, later.id, comes_back.id}
    service.start(session, stops, sender, Evidence("sms", at + 2 * MINUTE, "START"))
    assert reached(session, pizza, at + MINUTE) == {stays.id, later.id, comes_back.id}
    assert stops.id in reached(session, pizza, at + 2 * MINUTE)


def test_who_follows_their_own_client_and_leaves_still_hears_how_it_went(session, pizza, join, now):
    owner = join(OWNER, pizza, now)
    texts.queue_notice(
        session, contact_point_id=owner.id, sender_id=pizza.sender_id, client_id=pizza.id,
        source_type="announcement_report", source_id=uuid7(), locale="en", text="done.", now=now,
    )  # fmt: skip
    assert service.unfollow(session, owner, pizza, Evidence("sms", now, "LEAVE 1"))
    assert session.scalars(select(Message.status)).one() == "pending"


def test_a_stop_on_one_sender_leaves_another_s_audience_alone(session, pizza, join, now):
    fan = join("+15550100001", pizza, now)
    other = messaging.sender_of(session, service_sid=None, number="+15550107777", now=now)
    service.stop(session, fan, other, Evidence("sms", now, "STOP"), blocked_by_carrier=True)
    assert reached(session, pizza, now) == {fan.id}


def test_subscribers_are_counted_per_language_with_the_client_s_own_for_those_who_chose_none(
    session, pizza, join, now
):
    for place, locale in enumerate(["es", "es", None, "en", "ar", "es"]):
        join(f"+1555010000{place}", pizza, now, locale)
    assert queries.subscribers_by_locale(session, pizza.id, now) == {"es": 3, "en": 2, "ar": 1}
    assert list(queries.subscribers_by_locale(session, pizza.id, now)) == ["es", "en", "ar"]
    assert queries.subscriber_count(session, pizza.id, now) == 6


def test_following_twice_is_one_subscription_and_leaving_twice_one_departure(session, pizza, join, now):
    fan = join("+15550100001", pizza, now)
    evidence = Evidence("sms", now + MINUTE, "JOIN")
    assert service.follow(session, fan, pizza, evidence, tell_client=True) is False
    assert service.unfollow(session, fan, pizza, evidence) is True
    assert service.unfollow(session, fan, pizza, evidence) is False
    assert len(session.scalars(select(Subscription)).all()) == 1


def test_the_ledger_of_consent_keeps_every_wish_with_its_words(session, pizza, sender, join, now):
    fan = service.person_at(session, "+15550100001", now=now)
    said = Evidence("sms", now, words_said="Join pizza", text_shown="Welcome…", provider_id="SM1")
    service.follow(session, fan, pizza, said, tell_client=True)
    service.stop(session, fan, sender, Evidence("sms", now + MINUTE, "Stop!"), blocked_by_carrier=False)
    service.start(session, fan, sender, Evidence("sms", now + 2 * MINUTE, "START"))
    service.unfollow(session, fan, pizza, Evidence("sms", now + 3 * MINUTE, "LEAVE 1"))

    assert consents(session, fan) == ["join", "opt_out", "opt_in", "leave"]
    joined, opted_out, *_ = session.scalars(select(Consent).order_by(Consent.at)).all()
    assert (joined.words_said, joined.text_shown, joined.provider_id) == ("Join pizza", "Welcome…", "SM1")
    assert (joined.client_id, joined.sender_id, joined.at) == (pizza.id, sender.id, now)
    assert (opted_out.client_id, opted_out.sender_id, opted_out.words_said) == (None, sender.id, "Stop!")


def test_a_number_that_was_erased_is_known_again_when_it_texts(session, pizza, join, now):
    fan = join("+15550100001", pizza, now)
    fan.address, fan.last4 = None, ""
    session.flush()
    back = service.person_at(session, "+15550100001", now=now)
    assert (back.id, back.address, back.last4) == (fan.id, "+15550100001", "0001")


def test_a_person_may_have_a_name(session, pizza, join, now):
    fan = join("+15550100001", pizza, now)
    assert queries.name_of(session, fan.person_id) is None
    session.get_one(Person, fan.person_id).name = "Zoë"
    session.flush()
    assert queries.name_of(session, fan.person_id) == "Zoë"


def test_start_without_a_stop_changes_nothing(session, pizza, sender, join, now):
    fan = join("+15550100001", pizza, now)
    assert service.start(session, fan, sender, Evidence("sms", now, "START")) is False
    assert consents(session, fan) == ["join"]


def test_a_stop_said_again_is_one_opt_out_and_remembers_the_carrier_s_block(
    session, pizza, sender, join, now
):
    fan = join("+15550100001", pizza, now)
    service.stop(session, fan, sender, Evidence("sms", now, "Stop!"), blocked_by_carrier=False)
    service.stop(session, fan, sender, Evidence("sms", now + MINUTE, "STOP"), blocked_by_carrier=True)
    service.stop(session, fan, sender, Evidence("sms", now + MINUTE, "Stop!"), blocked_by_carrier=False)
    session.expire_all()
    opt_out = messaging.opt_out_in_force(session, fan.id, sender.id)
    assert opt_out is not None
    assert (opt_out.opted_out_at, opt_out.blocked_by_carrier) == (now, True)


def notices_given(session):
    query = select(Rendering.text).join(Message, Message.rendering_id == Rendering.id)
    return session.scalars(query.where(Message.source_type == "new_subscribers").order_by(Message.id)).all()


def test_members_are_told_of_new_subscribers_once_a_minute_at_most(session, pizza, join, now):
    join("+15550100001", pizza, now, tell_client=True)
    notices.tell_of_new_subscribers(session, pizza.id, now=now)
    join("+15550100002", pizza, now, tell_client=True)  # at the very moment of the notice
    join("+15550100003", pizza, now + MINUTE / 2, tell_client=True)
    notices.tell_of_new_subscribers(session, pizza.id, now=now + MINUTE / 2)
    assert notices_given(session) == ["You got a new subscriber! That makes 1 so far!"]
    notices.tell_of_new_subscribers(session, pizza.id, now=now + MINUTE)
    notices.tell_of_new_subscribers(session, pizza.id, now=now + 3 * MINUTE)
    assert notices_given(session)[1:] == ["You got 2 new subscribers! That makes 3 so far!"]


def test_members_hear_of_a_join_during_a_stop_when_start_lifts_it(session, pizza, sender, join, now):
    fan = service.person_at(session, "+15550100001", now=now)
    service.stop(session, fan, sender, Evidence("sms", now, "STOP"), blocked_by_carrier=True)
    join("+15550100001", pizza, now + MINUTE, tell_client=True)
    join("+15550100002", pizza, now + 2 * MINUTE, tell_client=True)
    notices.tell_of_new_subscribers(session, pizza.id, now=now + 2 * MINUTE)
    assert session.scalars(select(Event.subject_id)).all() != [fan.person_id]
    service.start(session, fan, sender, Evidence("sms", now + 4 * MINUTE, "START"))
    notices.tell_of_new_subscribers(session, pizza.id, now=now + 4 * MINUTE)
    assert notices_given(session) == [
        "You got a new subscriber! That makes 1 so far!",
        "You got a new subscriber! That makes 2 so far!",
    ]
    assert queries.clients_with_untold_subscriptions(session) == []


def test_members_are_not_told_of_those_whom_an_operator_brings(session, pizza, join, now):
    join("+15550100001", pizza, now, tell_client=False)
    assert queries.clients_with_untold_subscriptions(session) == []
    notices.tell_of_new_subscribers(session, pizza.id, now=now)
    assert notices_given(session) == []


def test_whoever_joins_does_not_wait_while_members_are_being_told(database, now):
    with db.transaction() as session:
        sender = messaging.sender_of(session, service_sid="MG" + "1" * 32, number="+15550100000", now=now)
        pizza = service.add_client(
            session, name="Pizza Palace", slug="pizza-palace", owner_number="+15550109999", locale="en",
            time_zone="America/New_York", support_contact=None, sender_id=sender.id, now=now,
        )  # fmt: skip
        first = service.person_at(session, "+15550100001", now=now)
        service.follow(session, first, pizza, Evidence("sms", now, "JOIN"), tell_client=True)
    with db.transaction() as telling:
        notices.tell_of_new_subscribers(telling, pizza.id, now=now)
        with db.transaction() as joining:
            joining.execute(text("SET LOCAL lock_timeout = '1s'"))
            second = service.person_at(joining, "+15550100002", now=now)
            assert service.follow(joining, second, pizza, Evidence("sms", now, "JOIN"), tell_client=True)


def test_a_client_that_can_not_be_told_keeps_no_other_from_being_told(session, pizza, sender, join, now):
    nook = service.add_client(
        session, name="Book Nook", slug="book-nook", owner_number="+15550108888", locale="en",
        time_zone="America/New_York", support_contact=None, sender_id=sender.id, now=now,
    )  # fmt: skip
    for client in (pizza, nook):
        join("+15550100001", client, now, tell_client=True)
    for broken in (pizza, nook):
        with session.begin_nested() as attempt:
            broken.locale = "no language"
            session.flush()
            with capture_logs() as logs:
                sweeps.untold_subscribers(session, now)
            assert len(notices_given(session)) == 1
            assert [line["item"] for line in logs if line["event"] == "passed_over"] == [str(broken.id)]
            attempt.rollback()
