"""Welcome series: who gets which step when, once, in which words."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from bot.audience import service as audience
from bot.audience.models import Person, Subscription
from bot.audience.service import Evidence
from bot.automation import queuing, series, sweeps
from bot.automation.models import WelcomeStep
from bot.messaging.models import ContactPoint, Message, Rendering
from bot.messaging.segments import LONGEST_TEXT, measure

DAY = timedelta(days=1)


def join(session, client, number, at, *, source="sms", locale=None, name=None):
    """Let the phone of this number follow, as if by its own text."""
    person = audience.person_at(session, number, now=at)
    if locale:
        audience.choose_locale(session, person.person_id, locale)
    if name:
        session.execute(update(Person).where(Person.id == person.person_id).values(name=name))
    audience.follow(session, person, client, Evidence(source, at), tell_client=source == "sms")
    return person


def sweep(session, at):
    """Queue what is due, and return it: number and text, sorted."""
    before = set(session.scalars(select(Message.id)))
    sweeps.due_welcomes(session, at)
    found = session.execute(
        select(ContactPoint.address, Rendering.text, Message.id)
        .join(Message, Message.contact_point_id == ContactPoint.id)
        .join(Rendering, Rendering.id == Message.rendering_id)
    )
    return sorted((number, text.split("\n")[0]) for number, text, message in found if message not in before)


def test_each_step_comes_in_its_time_and_once(session, pizza, now):
    series.set_step(session, pizza, "Hi!", now=now)
    series.set_step(session, pizza, "Well?", position=2, delay=3 * DAY, now=now)
    join(session, pizza, "+15550100001", now)
    assert sweep(session, now) == [("+15550100001", "Pizza Palace: Hi!")]
    assert sweep(session, now) == []
    assert sweep(session, now + 3 * DAY - timedelta(seconds=1)) == []
    assert sweep(session, now + 3 * DAY) == [("+15550100001", "Pizza Palace: Well?")]
    assert sweep(session, now + 3 * DAY) == []
    message = session.scalars(select(Message).order_by(Message.id)).first()
    assert (message.purpose, message.client_id, message.status) == ("series", pizza.id, "pending")


def test_in_the_words_of_each_language_and_person(session, pizza, now):
    series.set_step(session, pizza, "Hi {name}!", now=now)
    series.set_step(session, pizza, "¡Hola, {name}!", locale="es", now=now)
    join(session, pizza, "+15550100001", now, name="Sam")
    join(session, pizza, "+15550100002", now)
    join(session, pizza, "+15550100003", now, locale="es", name="Ana")
    join(session, pizza, "+15550100004", now, locale="fr", name="Chloé")
    assert sweep(session, now) == [
        ("+15550100001", "Pizza Palace: Hi Sam!"),
        ("+15550100002", "Pizza Palace: Hi!"),
        ("+15550100003", "Pizza Palace: ¡Hola, Ana!"),
        ("+15550100004", "Pizza Palace : Hi Chloé!"),
    ]


def test_one_rendering_serves_all_who_read_the_same(session, pizza, now):
    series.set_step(session, pizza, "Hi!", now=now)
    for place in range(5):
        join(session, pizza, f"+1555010000{place}", now)
    assert len(sweep(session, now)) == 5
    assert len(session.scalars(select(Rendering)).all()) == 1


def test_who_was_there_before_the_step_gets_none_of_it(session, pizza, now):
    join(session, pizza, "+15550100001", now - timedelta(minutes=1))
    series.set_step(session, pizza, "Hi!", now=now)
    assert sweep(session, now) == []


def test_a_later_step_is_for_those_whose_time_is_still_to_come(session, pizza, now):
    series.set_step(session, pizza, "Hi!", now=now - 9 * DAY)
    join(session, pizza, "+15550100001", now - 2 * DAY)
    join(session, pizza, "+15550100002", now - 4 * DAY)
    series.set_step(session, pizza, "Well?", position=2, delay=3 * DAY, now=now)
    assert sweep(session, now) == []
    assert sweep(session, now + DAY) == [("+15550100001", "Pizza Palace: Well?")]


def test_new_words_are_for_those_who_have_not_had_it(session, pizza, now):
    series.set_step(session, pizza, "Hi!", now=now)
    join(session, pizza, "+15550100001", now)
    sweep(session, now)
    series.set_step(session, pizza, "Hello!", now=now)
    join(session, pizza, "+15550100002", now)
    assert sweep(session, now) == [("+15550100002", "Pizza Palace: Hello!")]


def test_an_earlier_time_brings_nobody_what_is_long_past(session, pizza, now):
    series.set_step(session, pizza, "Hi!", now=now - 9 * DAY)
    series.set_step(session, pizza, "Well?", position=2, delay=5 * DAY, now=now - 9 * DAY)
    join(session, pizza, "+15550100001", now - 3 * DAY)
    sweep(session, now - 3 * DAY)
    series.set_step(session, pizza, "Well?", position=2, delay=2 * DAY, now=now)
    assert sweep(session, now) == []


def test_a_welcome_that_is_a_day_late_is_none(session, pizza, now):
    series.set_step(session, pizza, "Hi!", now=now)
    join(session, pizza, "+15550100001", now)
    assert queuing.steps_due(session, now + DAY + timedelta(seconds=1)) == []
    assert sweep(session, now + DAY + timedelta(seconds=1)) == []


@pytest.mark.parametrize("source", ["import", "operator"])
def test_who_was_brought_by_somebody_else_gets_none(session, pizza, now, source):
    series.set_step(session, pizza, "Hi!", now=now)
    join(session, pizza, "+15550100001", now, source=source)
    assert sweep(session, now) == []


def test_who_left_or_stopped_gets_none_and_what_is_queued_is_skipped(session, pizza, now):
    series.set_step(session, pizza, "Hi!", now=now)
    left, stopped, late = (join(session, pizza, f"+1555010000{place}", now) for place in range(3))
    audience.unfollow(session, left, pizza, Evidence("sms", now))
    sender = session.get_one(type(pizza), pizza.id).sender_id
    _stop(session, stopped, sender, now)
    assert sweep(session, now) == [("+15550100002", "Pizza Palace: Hi!")]
    audience.unfollow(session, late, pizza, Evidence("sms", now))
    assert set(session.scalars(select(Message.status))) == {"skipped"}


def _stop(session, contact_point, sender_id, now):
    from bot.messaging.models import Sender

    audience.stop(
        session,
        contact_point,
        session.get_one(Sender, sender_id),
        Evidence("word", now),
        blocked_by_carrier=False,
    )


def test_who_joins_again_is_new_again(session, pizza, now):
    series.set_step(session, pizza, "Hi!", now=now)
    somebody = join(session, pizza, "+15550100001", now)
    sweep(session, now)
    audience.unfollow(session, somebody, pizza, Evidence("sms", now))
    audience.follow(session, somebody, pizza, Evidence("sms", now + DAY), tell_client=True)
    assert len(sweep(session, now + DAY)) == 1


def test_an_ended_step_reaches_nobody_and_those_after_it_move_up(session, pizza, now):
    for position, text in enumerate(("One", "Two", "Three"), 1):
        series.set_step(session, pizza, text, position=position, now=now)
    series.end_step(session, pizza, 2, now=now)
    assert [(step.position, step.delay) for step in series.in_force(session, pizza.id)] == [
        (1, timedelta(0)),
        (2, 2 * DAY),
    ]
    join(session, pizza, "+15550100001", now)
    assert sweep(session, now + DAY) == [("+15550100001", "Pizza Palace: One")]
    assert sweep(session, now + 2 * DAY) == [("+15550100001", "Pizza Palace: Three")]
    series.end_series(session, pizza, now=now)
    join(session, pizza, "+15550100002", now + 2 * DAY)
    assert sweep(session, now + 2 * DAY) == []
    with pytest.raises(series.NoSuchStep):
        series.end_step(session, pizza, 1, now=now)


def test_what_can_t_be_set_changes_nothing(session, pizza, now):
    series.set_step(session, pizza, "Hi!", now=now)
    with pytest.raises(series.TooLate):
        series.set_step(session, pizza, "Later", delay=timedelta(days=61), now=now)
    with pytest.raises(series.NoSuchStep):
        series.set_step(session, pizza, "Three", position=3, now=now)
    with pytest.raises(series.WelcomeTooLong):
        series.set_step(session, pizza, "a" * 1600, now=now)
    session.flush()
    session.expire_all()
    (step,) = series.listed(session, pizza)
    assert (step.delay, step.wordings["en"].text) == (
        timedelta(0),
        "Pizza Palace: Hi!\nReply STOP to opt out.",
    )
    for position in range(2, series.MOST_STEPS + 1):
        series.set_step(session, pizza, "More", position=position, now=now)
    with pytest.raises(series.TooManySteps):
        series.set_step(session, pizza, "More", position=series.MOST_STEPS + 1, now=now)


def test_what_is_to_cut_makes_it_fit_whatever_somebody_is_called(session, pizza, now):
    text = "Hi {name}, " + "a" * 1600
    cut = text[: -series.too_long_by(pizza, text)]
    series.set_step(session, pizza, cut, now=now)
    with pytest.raises(series.WelcomeTooLong):
        series.set_step(session, pizza, cut + "a", now=now)
    join(session, pizza, "+15550100001", now, name=series.LONG_NAME, locale="es")
    sweep(session, now)
    assert measure(session.scalars(select(Rendering.text)).one()).length <= LONGEST_TEXT


def test_no_more_than_a_batch_at_once(session, pizza, now, monkeypatch):
    monkeypatch.setattr(queuing, "BATCH", 2)
    series.set_step(session, pizza, "Hi!", now=now)
    for place in range(5):
        join(session, pizza, f"+1555010000{place}", now)
    assert [len(sweep(session, now)) for _ in range(4)] == [2, 2, 1, 0]


def test_a_suspended_client_greets_nobody(session, pizza, now):
    series.set_step(session, pizza, "Hi!", now=now)
    join(session, pizza, "+15550100001", now)
    audience.set_client_status(session, "pizza-palace", "suspended")
    assert sweep(session, now) == []
    step = session.scalars(select(WelcomeStep)).one()
    assert queuing.queue_due(session, step.id, now=now) == 0
    assert session.scalars(select(Subscription)).one().left_at is None
