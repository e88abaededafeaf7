"""Fan-out and report: one row for everybody who followed at CONFIRM, and one report."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import LargeBinary, func, insert, select, type_coerce, update

from bot.announcements import fanout, queries, report, sweeps
from bot.announcements import service as announcements
from bot.announcements.models import Announcement
from bot.audience import service as audience
from bot.audience.models import Subscription
from bot.audience.service import Evidence
from bot.ids import idempotency_key, uuid7
from bot.messaging import chunks, places, respites, steps
from bot.messaging import service as messaging
from bot.messaging.models import Chunk, ContactPoint, Message, MessageHistory, Rendering
from bot.messaging.outcomes import back
from bot.messaging.statuses import DELIVERED, FAILED, RANK, SENT, UNKNOWN

MINUTE = timedelta(minutes=1)


@pytest.fixture
def confirm(session, pizza, author):
    """Announce something at a moment; returns the announcement's id."""

    def confirmed(at, said="Half-price pizza"):
        draft = announcements.draft(session, pizza, author, said, now=at)
        announcements.confirm(session, pizza, draft, author, now=at)
        return draft

    return confirmed


def ledger_of(session, announcement_id):
    session.expire_all()
    return queries.progress(session, session.get_one(Announcement, announcement_id))


def settle(session, announcement_id, status, *, most=None):
    """Let messages of an announcement reach a status, as receipts would."""
    ids = session.scalars(
        select(Message.id).where(Message.source_id == announcement_id, Message.rank < 80).limit(most)
    ).all()
    session.execute(
        update(Message)
        .where(Message.id.in_(ids))
        .values(status=status, rank=RANK[status], error_code=30003 if status == FAILED else None)
    )


def test_everybody_who_could_be_texted_at_confirm_gets_one_row_in_their_language(
    session, pizza, crowd, confirm, now
):
    before = now - MINUTE
    en, es, ar = crowd(903, before), crowd(250, before, "es"), crowd(50, before, "ar")
    opted_out, left, suppressed = crowd(20, before), crowd(20, before, "es"), crowd(20, before)
    for person in opted_out:
        messaging.opt_out(
            session, contact_point_id=person, sender_id=pizza.sender_id, blocked_by_carrier=True,
            source="sms", now=before,
        )  # fmt: skip
    people = select(ContactPoint.person_id).where(ContactPoint.id.in_(left))
    session.execute(update(Subscription).where(Subscription.person_id.in_(people)).values(left_at=before))
    for person in suppressed:
        messaging.suppress(session, contact_point_id=person, reason="30006", now=before)
    announcement_id = confirm(now)
    crowd(20, now + timedelta(microseconds=1))  # joined after CONFIRM

    assert ledger_of(session, announcement_id).not_yet_queued == 1203
    fanout.fan_out(session, announcement_id, now=now + MINUTE)

    rows = session.execute(
        select(Message.contact_point_id, Rendering.locale).join(
            Rendering, Rendering.id == Message.rendering_id
        )
    ).all()
    expected = {**dict.fromkeys(en, "en"), **dict.fromkeys(es, "es"), **dict.fromkeys(ar, "ar")}
    assert len(rows) == 1203
    assert {point: locale for point, locale in rows} == expected  # noqa: C416
    progress = ledger_of(session, announcement_id)
    assert (progress.audience_size, progress.ledger.pending, progress.not_yet_queued) == (1203, 1203, 0)


def test_a_fan_out_done_twice_is_done_once(session, crowd, confirm, now):
    crowd(10, now)
    announcement_id = confirm(now)
    for _ in range(2):
        fanout.fan_out(session, announcement_id, now=now)
    assert session.scalar(select(func.count()).select_from(Message)) == 10
    assert session.scalar(select(func.count()).select_from(Chunk)) == 1


def test_a_draft_is_not_fanned_out(session, pizza, author, crowd, now):
    crowd(2, now)
    draft = announcements.draft(session, pizza, author, "Half-price pizza", now=now)
    fanout.fan_out(session, draft, now=now)
    assert session.scalar(select(func.count()).select_from(Message)) == 0


def test_positions_run_without_gaps_and_decide_the_chunk(session, crowd, confirm, now):
    crowd(2 * fanout.CHUNK_SIZE + 3, now)
    fanout.fan_out(session, confirm(now), now=now)
    rows = session.execute(
        select(Message.position, Message.chunk_id, Message.id).order_by(Message.position)
    ).all()
    assert [row.position for row in rows] == list(range(2 * fanout.CHUNK_SIZE + 3))
    assert list(Counter(row.chunk_id for row in rows).values()) == [fanout.CHUNK_SIZE, fanout.CHUNK_SIZE, 3]
    by_chunk = {row.chunk_id: row.position // fanout.CHUNK_SIZE for row in rows}
    assert all(by_chunk[row.chunk_id] == row.position // fanout.CHUNK_SIZE for row in rows)
    assert all(row.id.version == 7 for row in rows)


def test_the_key_that_sql_makes_is_the_one_that_the_program_makes(session, crowd, confirm, now):
    crowd(3, now)
    announcement_id = confirm(now)
    fanout.fan_out(session, announcement_id, now=now)
    for message in session.scalars(select(Message)):
        assert message.idempotency_key == idempotency_key(
            "announcement", announcement_id, message.contact_point_id
        )


def test_whoever_left_between_confirm_and_fan_out_is_not_texted(session, pizza, crowd, confirm, now):
    stays, leaves = crowd(2, now)
    announcement_id = confirm(now)
    leaver = session.get_one(ContactPoint, leaves)
    audience.unfollow(session, leaver, pizza, Evidence("sms", now + MINUTE, "LEAVE 1"))
    fanout.fan_out(session, announcement_id, now=now + 2 * MINUTE)
    found = session.execute(select(Message.contact_point_id, Message.status, Message.skip_reason)).all()
    assert sorted(found) == sorted([(stays, "pending", None), (leaves, "skipped", "left")])
    assert session.scalars(select(MessageHistory.detail)).all() == ["left"]
    ledger = ledger_of(session, announcement_id).ledger
    assert (ledger.pending, ledger.opted_out, ledger.total) == (1, 1, 2)


def test_whoever_leaves_or_stops_after_the_fan_out_is_taken_back_at_once(session, pizza, crowd, confirm, now):
    _stays, leaves, stops = (session.get_one(ContactPoint, point) for point in crowd(3, now))
    announcement_id = confirm(now)
    fanout.fan_out(session, announcement_id, now=now)
    audience.unfollow(session, leaves, pizza, Evidence("sms", now, "LEAVE 1"))
    messaging.opt_out(
        session, contact_point_id=stops.id, sender_id=pizza.sender_id, blocked_by_carrier=True,
        source="sms", now=now,
    )  # fmt: skip
    ledger = ledger_of(session, announcement_id).ledger
    assert (ledger.pending, ledger.opted_out) == (1, 2)


def test_whoever_leaves_while_they_are_called_is_not_called_again(session, pizza, crowd, confirm, now):
    """By a later attempt: after a 429, for a phone that was off, or when nobody knows what became of it."""
    stays, leaves = crowd(2, now)
    announcement_id = confirm(now)
    fanout.fan_out(session, announcement_id, now=now)
    places.look_up(session)
    leased = chunks.take(session, "bulk", now=now)
    calls = chunks.mark(session, leased.lease, most=9, now=now).calls
    leaver = session.get_one(ContactPoint, leaves)
    audience.unfollow(session, leaver, pizza, Evidence("sms", now, "LEAVE 1"))
    steps.take(session, [back(each, at=now, wait=0, why="20429") for each in calls], now=now)
    assert len(chunks.mark(session, leased.lease, most=9, now=now + MINUTE).calls) == 1
    found = session.execute(select(Message.contact_point_id, Message.status, Message.skip_reason)).all()
    assert sorted(found) == sorted([(stays, "calling", None), (leaves, "skipped", "left")])


def test_the_parts_of_the_ledger_sum_to_the_audience_in_every_state(session, crowd, confirm, now):
    crowd(7, now)
    announcement_id = confirm(now)
    fanout.fan_out(session, announcement_id, now=now)
    for status, most in ((DELIVERED, 2), (FAILED, 1), (SENT, 2), (UNKNOWN, 1)):
        settle(session, announcement_id, status, most=most)
        progress = ledger_of(session, announcement_id)
        assert progress.ledger.total + progress.not_yet_queued == progress.audience_size == 7


def reports(session):
    query = select(Rendering.text).join(Message, Message.rendering_id == Rendering.id)
    return session.scalars(query.where(Message.source_type == "announcement_report")).all()


def test_the_author_is_told_once_when_nothing_more_is_expected(session, crowd, confirm, now):
    crowd(3, now)
    announcement_id = confirm(now)
    report.report_if_done(session, announcement_id, now=now)  # before the fan-out
    fanout.fan_out(session, announcement_id, now=now)
    report.report_if_done(session, announcement_id, now=now)
    settle(session, announcement_id, DELIVERED, most=2)
    report.report_if_done(session, announcement_id, now=now + 60 * MINUTE)  # one is pending: never early
    assert reports(session) == []
    settle(session, announcement_id, FAILED)
    for _ in range(2):
        report.report_if_done(session, announcement_id, now=now + MINUTE)
    assert reports(session) == ["Pizza Palace: done. 2 delivered, 1 failed."]


def test_receipts_that_do_not_come_hold_the_report_up_for_ten_minutes_only(session, crowd, confirm, now):
    crowd(2, now)
    announcement_id = confirm(now)
    fanout.fan_out(session, announcement_id, now=now)
    settle(session, announcement_id, SENT, most=1)
    settle(session, announcement_id, UNKNOWN)
    report.report_if_done(session, announcement_id, now=now + 9 * MINUTE)
    assert reports(session) == []
    assert [each.id for each in queries.unreported(session)] == [announcement_id]
    report.report_if_done(session, announcement_id, now=now + 10 * MINUTE)
    assert len(reports(session)) == 1
    assert queries.unreported(session) == []


def test_somebody_who_is_left_alone_for_hours_holds_the_report_up_for_ten_minutes_only(
    session, pizza, crowd, confirm, now
):
    crowd(2, now)
    announcement_id = confirm(now)
    fanout.fan_out(session, announcement_id, now=now)
    settle(session, announcement_id, DELIVERED, most=1)
    waiting = session.scalars(select(Message).where(Message.status == "pending")).one()
    until = now + 60 * MINUTE
    respites.begin(
        session, contact_point_id=waiting.contact_point_id, sender_id=pizza.sender_id, until=until, now=now
    )
    report.report_if_done(session, announcement_id, now=now + 9 * MINUTE)
    assert reports(session) == []
    report.report_if_done(session, announcement_id, now=now + 10 * MINUTE)
    assert reports(session) == ["Pizza Palace: done. 1 delivered, 1 on the way."]


def test_the_report_waits_for_those_in_their_quiet_hours_and_ten_minutes_for_their_receipts(
    session, crowd, confirm, now
):
    crowd(2, now)
    announcement_id = confirm(now)
    fanout.fan_out(session, announcement_id, now=now)
    settle(session, announcement_id, DELIVERED, most=1)
    waiting = session.scalars(select(Message).where(Message.status == "pending")).one()
    waiting.next_attempt_at = morning = now + 600 * MINUTE
    session.flush()
    report.report_if_done(session, announcement_id, now=now + 60 * MINUTE)
    settle(session, announcement_id, SENT, most=1)
    session.execute(update(Chunk).values(finished_at=morning))
    report.report_if_done(session, announcement_id, now=morning + 9 * MINUTE)
    assert reports(session) == []
    report.report_if_done(session, announcement_id, now=morning + 10 * MINUTE)
    assert reports(session) == ["Pizza Palace: done. 1 delivered, 1 on the way."]


def test_the_latest_announcement_is_the_one_confirmed_last(session, pizza, crowd, confirm, now):
    crowd(1, now)
    assert queries.latest(session, pizza.id) is None
    moments = [now, now + 2 * MINUTE, now + MINUTE]
    made = [confirm(at) for at in moments]
    latest = queries.latest(session, pizza.id)
    assert latest is not None
    assert latest.announcement.id == made[1]
    assert set(queries.without_fan_out(session)) == set(made)


def test_a_report_that_fails_keeps_no_other_from_being_given(session, pizza, crowd, confirm, now):
    crowd(1, now - MINUTE)
    other = audience.person_at(session, "+15550108888", now=now)
    first = announcements.draft(session, pizza, other, "Half-price pizza", now=now)
    announcements.confirm(session, pizza, first, other, now=now)
    second = confirm(now)
    for announcement_id in (first, second):
        fanout.fan_out(session, announcement_id, now=now)
        settle(session, announcement_id, DELIVERED)
    damaged = type_coerce(b"\0\1" + bytes(40), LargeBinary)
    session.execute(update(ContactPoint).where(ContactPoint.id == other.id).values(address=damaged))
    session.expire_all()
    sweeps.missing_reports(session, now)
    assert session.get_one(Announcement, first).reported_at is None
    assert session.get_one(Announcement, second).reported_at == now


def test_somebody_who_joined_again_before_they_left_gets_one_text(session, pizza, crowd, confirm, now):
    crowd(3, now - MINUTE)
    left = session.scalars(select(Subscription).limit(1)).one()
    left.left_at = now + timedelta(milliseconds=2)
    session.flush()
    again = {"id": uuid7(), "person_id": left.person_id, "joined_at": now - timedelta(milliseconds=2)}
    session.execute(insert(Subscription).values(client_id=pizza.id, **again))
    announcement_id = confirm(now)
    fanout.fan_out(session, announcement_id, now=now)
    progress = ledger_of(session, announcement_id)
    assert (progress.audience_size, progress.ledger.total) == (3, 3)
    assert progress.ledger.pending == 3, "who follows again has not left"
