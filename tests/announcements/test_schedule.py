"""What is planned goes out once, on time, or not at all."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from bot import db, jobs
from bot.announcements import fanout, queries, schedule, sweeps
from bot.announcements import service as announcements
from bot.announcements.models import Announcement
from bot.announcements.schedule import FARTHEST, LATEST, Impossible, When, resolve
from bot.audience import service as audience
from bot.events.models import Event
from bot.i18n import LOCALES, moment_in_full
from bot.messaging.models import ContactPoint, Message, Rendering
from tests.dialogue.transcript import Player

MINUTE = timedelta(minutes=1)
NEW_YORK = "America/New_York"
MONDAY = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)  # 9:00 in New York


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("when", "now", "expected"),
    [
        (When(9, weekday=4), MONDAY, "2026-11-27 14:00"),
        (When(9, weekday=0), MONDAY, "2026-11-30 14:00"),  # today's nine o'clock has just struck
        (When(9, 1, weekday=0), MONDAY, "2026-11-23 14:01"),
        (When(23, days_ahead=0), MONDAY, "2026-11-24 04:00"),
        (When(9, days_ahead=1), at("2026-11-24 04:30"), "2026-11-24 14:00"),  # 23:30 on Monday in New York
        (When(9, month=11, day=14), MONDAY, "2027-11-14 14:00"),
        (When(9, month=11, day=27), MONDAY, "2026-11-27 14:00"),
        (When(9, year=2027, month=7, day=4), MONDAY, "2027-07-04 13:00"),  # summer time
        (When(9, weekday=4, month=11, day=27), MONDAY, "2026-11-27 14:00"),
        (When(9, month=2, day=29), MONDAY, "2027-03-01 14:00"),
        (When(1, 30, year=2027, month=11, day=7), MONDAY, "2027-11-07 05:30"),  # comes twice: the first
    ],
)
def test_a_moment_is_the_next_such_one_by_the_clients_clock(when, now, expected):
    assert resolve(when, NEW_YORK, now=now) == at(expected)


@pytest.mark.parametrize(
    ("when", "why", "moment"),
    [
        (When(9, days_ahead=0), "past", "2026-11-23 14:00"),
        (When(8, days_ahead=0), "past", "2026-11-23 13:00"),
        (When(9, year=2025, month=11, day=27), "past", "2025-11-27 14:00"),
        (When(9, year=2028, month=1, day=1), "too_far", "2028-01-01 14:00"),
        (When(9, weekday=4, month=11, day=28), "weekday", "2026-11-28 14:00"),
        (When(9, weekday=4, year=2025, month=11, day=27), "weekday", "2025-11-27 14:00"),
        (When(2, 30, year=2027, month=3, day=14), "skipped", "2027-03-14 07:30"),  # 3:30, summer time
    ],
)
def test_a_moment_that_cannot_be_says_why(when, why, moment):
    with pytest.raises(Impossible) as refused:
        resolve(when, NEW_YORK, now=MONDAY)
    assert (refused.value.why, refused.value.at) == (why, at(moment))


def test_a_year_ahead_is_the_farthest():
    far = MONDAY + FARTHEST
    assert resolve(When(9, year=2027, month=11, day=24), NEW_YORK, now=MONDAY) == far


def test_a_moment_is_read_back_beyond_doubt():
    twice = at("2027-11-07 05:30")
    assert moment_in_full(twice, NEW_YORK, "en") == "Sunday, November 7, 2027 1:30 AM (New York, GMT-04:00)"
    assert "GMT-05:00" in moment_in_full(twice + timedelta(hours=1), NEW_YORK, "en")
    for locale in LOCALES:
        said = moment_in_full(MONDAY, NEW_YORK, locale)
        assert "2026" in said
        assert "GMT" not in said


@pytest.fixture
def planned(session, pizza, author, crowd):
    """Planned on Monday for Friday, for two who follow by then."""
    crowd(1, MONDAY)
    draft = announcements.draft(session, pizza, author, "Half-price pizza", now=MONDAY)
    schedule.plan(session, draft, resolve(When(9, weekday=4), NEW_YORK, now=MONDAY))
    assert schedule.stand(session, draft, author, now=MONDAY)
    return session.get_one(Announcement, draft)


def notices(session):
    query = select(Rendering.text).join(Message, Message.rendering_id == Rendering.id)
    return session.scalars(query.where(Message.source_type == "announcement_missed")).all()


def test_it_goes_to_whoever_follows_when_it_is_due(session, planned, crowd):
    due = planned.scheduled_for
    crowd(1, due - MINUTE)
    sweeps.due_schedules(session, due - timedelta(seconds=1))
    assert planned.status == "scheduled"
    sweeps.due_schedules(session, due + LATEST)
    session.refresh(planned)
    assert (planned.status, planned.confirmed_at) == ("confirmed", due + LATEST)
    assert planned.id in queries.without_fan_out(session)
    fanout.fan_out(session, planned.id, now=due + LATEST)
    assert session.scalar(select(func.count()).where(Message.source_id == planned.id)) == 2
    assert notices(session) == []


def test_too_late_it_does_not_go_out_and_its_author_is_told_once(session, planned):
    late = planned.scheduled_for + LATEST + timedelta(seconds=1)
    for _ in range(2):
        sweeps.due_schedules(session, late)
    session.refresh(planned)
    assert planned.status == "missed"
    assert queries.without_fan_out(session) == []
    (told,) = notices(session)
    assert told.startswith("Pizza Palace: what was planned for Fri 9:00 AM was not sent, because our system")


def test_a_client_that_was_suspended_meanwhile_is_told(session, planned, pizza):
    audience.set_client_status(session, "pizza-palace", "suspended")
    sweeps.due_schedules(session, planned.scheduled_for)
    session.refresh(planned)
    assert planned.status == "missed"
    assert notices(session) == [
        "Pizza Palace is suspended, so what was planned for Fri 9:00 AM was not sent."
    ]


def test_what_was_dropped_or_never_stood_is_not_sent(session, pizza, author, planned):
    loose = announcements.draft(session, pizza, author, "Half-price pizza", now=MONDAY)
    schedule.plan(session, loose, planned.scheduled_for)
    assert schedule.drop(session, planned.id, author, now=MONDAY)
    assert not schedule.drop(session, planned.id, author, now=MONDAY)
    assert not schedule.stand(session, planned.id, author, now=MONDAY)
    assert not schedule.stand(session, loose, author, now=MONDAY + announcements.DRAFT_LASTS)
    sweeps.due_schedules(session, planned.scheduled_for)
    assert queries.without_fan_out(session) == []
    assert schedule.planned(session, [pizza.id]) == []


def test_two_sweepers_and_an_empty_redis_send_it_once(database):
    """From rows alone, under the row's lock: whoever comes second finds it begun."""
    player = Player()
    for line in (
        "  Pizza Palace is a client (pizza-palace) in English",
        "  Olivia speaks for Pizza Palace",
        "  Sam follows Pizza Palace",
        "at 10:00",
        "Olivia >> SCHEDULE today 11:00 Half-price pizza",
        "Olivia >> CONFIRM",
    ):
        player.take(line)
    jobs.redis().flushdb()
    due = player.now + timedelta(hours=1)
    together = threading.Barrier(2)

    def sweep():
        with db.transaction() as session:
            found = schedule.due(session, due)
            together.wait(10)
            for announcement_id in found:
                schedule.start(session, announcement_id, now=due)

    threads = [threading.Thread(target=sweep) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with db.transaction() as session:
        confirmed = select(func.count()).where(Event.type == "announcement.confirmed")
        assert session.scalar(confirmed) == 1
    player.take("at 11:00")
    player.take("at 11:05")
    assert player.written.count("Sam << [en] Pizza Palace: Half-price pizza") == 1


def test_dropping_in_the_second_in_which_it_starts_is_one_or_the_other(session, planned, author):
    schedule.start(session, planned.id, now=planned.scheduled_for)
    assert not schedule.drop(session, planned.id, author, now=planned.scheduled_for)
    session.refresh(planned)
    assert planned.status == "confirmed"
    assert session.get_one(ContactPoint, author.id)
