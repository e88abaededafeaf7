"""Fan-out in blocks: whatever happens between two of them, everybody has one row, and who left has none."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import func, insert, select, update

from bot import jobs
from bot.announcements import fanout
from bot.announcements import jobs as announcement_jobs
from bot.announcements import service as announcements
from bot.announcements.models import Announcement
from bot.audience import queries as audience_queries
from bot.audience import service as audience
from bot.audience.models import Subscription
from bot.audience.service import Evidence
from bot.ids import uuid7
from bot.messaging import service as messaging
from bot.messaging.models import Chunk, ContactPoint, Message
from bot.messaging.queries import ledger
from bot.messaging.statuses import DELIVERED, RANK

MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch):
    monkeypatch.setattr(fanout, "CHUNK_SIZE", 4)
    monkeypatch.setattr(fanout, "BLOCK_SIZE", 8)


@pytest.fixture
def confirmed(session, pizza, author, crowd, now):
    """An announcement to 20 people, confirmed."""
    crowd(20, now - MINUTE)
    draft = announcements.draft(session, pizza, author, "Half-price pizza", now=now)
    announcements.confirm(session, pizza, draft, author, now=now)
    return draft


def rows(session):
    return session.execute(
        select(Message.contact_point_id, Message.position, Message.chunk_id, Message.status).order_by(
            Message.position
        )
    ).all()


def test_a_block_goes_on_where_the_last_one_ended(session, confirmed, now):
    written = []
    while fanout.fan_out(session, confirmed, now=now):
        written.append(len(rows(session)))
    assert written == [8, 16]
    found = rows(session)
    assert [row.position for row in found] == list(range(20))
    assert len({row.contact_point_id for row in found}) == 20
    assert sorted(Counter(row.chunk_id for row in found).values()) == [4] * 5
    assert {row.chunk_id for row in found} == set(session.scalars(select(Chunk.id)))
    announcement = session.get_one(Announcement, confirmed)
    assert (announcement.audience_size, announcement.fanned_out_at) == (20, now)
    assert fanout.fan_out(session, confirmed, now=now) is False
    assert len(rows(session)) == 20


def test_a_crash_in_the_middle_costs_one_block(session, confirmed, now):
    fanout.fan_out(session, confirmed, now=now)
    block = session.begin_nested()
    fanout.fan_out(session, confirmed, now=now)
    block.rollback()
    assert len(rows(session)) == 8
    while fanout.fan_out(session, confirmed, now=now):
        pass
    assert [row.position for row in rows(session)] == list(range(20))


def test_whoever_leaves_between_two_blocks_is_not_texted(session, pizza, confirmed, now):
    people = session.scalars(
        select(ContactPoint)
        .join(Subscription, Subscription.person_id == ContactPoint.person_id)
        .order_by(Subscription.id)
    ).all()
    fanout.fan_out(session, confirmed, now=now)
    for place in (3, 12):  # one has a row, the other is to have one
        audience.unfollow(session, people[place], pizza, Evidence("sms", now + MINUTE, "LEAVE 1"))
    while fanout.fan_out(session, confirmed, now=now):
        pass
    skipped = [row.contact_point_id for row in rows(session) if row.status == "skipped"]
    assert skipped == [people[3].id, people[12].id]
    assert ledger(session, "announcement", confirmed).total == 20


def test_what_was_sent_before_its_person_left_stays_as_it_is(session, pizza, confirmed, now):
    first = session.scalars(select(Subscription).order_by(Subscription.id).limit(1)).one()
    again = {"id": uuid7(), "person_id": first.person_id, "joined_at": now, "client_id": pizza.id}
    first.left_at = now + timedelta(milliseconds=1)
    session.flush()
    session.execute(insert(Subscription).values(**again))  # the same person once more, in the last block
    fanout.fan_out(session, confirmed, now=now)
    session.execute(update(Message).values(status=DELIVERED, rank=RANK[DELIVERED]))
    session.execute(update(Subscription).where(Subscription.id == again["id"]).values(left_at=now + MINUTE))
    while fanout.fan_out(session, confirmed, now=now + MINUTE):
        pass
    assert Counter(row.status for row in rows(session)) == {"delivered": 8, "pending": 12}


def test_sending_begins_while_the_rest_is_written_and_a_job_ends_after_its_turn(
    session, confirmed, now, monkeypatch
):
    session.commit()
    monkeypatch.setattr(jobs, "TURN_SECONDS", 0.0)
    for blocks in (1, 2, 3):
        announcement_jobs.fan_out(str(confirmed))
        session.rollback()
        assert len(rows(session)) == min(8 * blocks, 20)
        assert jobs.redis().llen("rq:queue:bulk") > 0
    assert jobs.redis().llen("rq:queue:default") == 2, "the last has nothing more to do"


def test_counting_finds_those_whom_the_fan_out_writes_to(session, pizza, crowd, confirmed, now):
    people = crowd(12, now - MINUTE, "es")
    for place in (0, 1):
        messaging.suppress(session, contact_point_id=people[place], reason="30006", now=now)
    for place in (1, 2, 3):
        messaging.opt_out(
            session, contact_point_id=people[place], sender_id=pizza.sender_id, blocked_by_carrier=True,
            source="sms", now=now,
        )  # fmt: skip
    messaging.lift_opt_out(
        session, contact_point_id=people[3], sender_id=pizza.sender_id, now=now + 2 * MINUTE
    )
    leaver = session.get_one(ContactPoint, people[4])
    audience.unfollow(session, leaver, pizza, Evidence("sms", now, "LEAVE 1"))
    for moment, count in ((now - MINUTE, 32), (now, 27), (now + 2 * MINUTE, 28)):
        assert audience_queries.subscriber_count(session, pizza.id, moment) == count
        by_locale = audience_queries.subscribers_by_locale(session, pizza.id, moment)
        assert sum(by_locale.values()) == count
    assert session.scalar(select(func.count()).select_from(Subscription)) == 32
