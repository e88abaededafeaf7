"""Pausing: before the fan-out too, by any member, and never another client's."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from bot import db
from bot.announcements import fanout, pause, queries, sweeps
from bot.announcements import service as announcements
from bot.announcements.models import Announcement
from bot.events.models import Event
from bot.messaging import chunks
from bot.messaging.models import Chunk, ContactPoint, Message
from bot.messaging.quiet import USEFUL_FOR

MINUTE = timedelta(minutes=1)


@pytest.fixture
def announcement(session, pizza, author, crowd, now):
    """Confirmed, for five; not fanned out yet."""
    crowd(5, now)
    draft = announcements.draft(session, pizza, author, "Half-price pizza", now=now)
    announcements.confirm(session, pizza, draft, author, now=now)
    return session.get_one(Announcement, draft)


def test_a_pause_before_the_fan_out_holds_what_it_writes(session, pizza, author, announcement, now):
    pause.pause(session, [pizza.id], author, now=now)
    fanout.fan_out(session, announcement.id, now=now)
    assert chunks.leasable(session, "bulk", most=9, now=now) == 0
    progress = queries.progress(session, announcement)
    assert (progress.paused, progress.ledger.pending) == (True, 5)
    pause.resume(session, announcement, author, now=now)
    assert chunks.leasable(session, "bulk", most=9, now=now) == 1
    assert not queries.progress(session, announcement).paused


def test_what_is_dropped_before_the_fan_out_is_written_and_cancelled(
    session, pizza, author, announcement, now
):
    pause.pause(session, [pizza.id], author, now=now)
    pause.drop(session, announcement, author, now=now)
    assert queries.paused(session, [pizza.id]) == []
    fanout.fan_out(session, announcement.id, now=now)
    leased = chunks.take(session, "bulk", now=now)
    assert chunks.mark(session, leased.lease, most=9, now=now).not_called == 5
    chunks.put_down(session, leased.lease, now=now)
    assert queries.progress(session, announcement).ledger.cancelled == 5


def test_a_fan_out_that_has_the_announcement_does_not_keep_a_pause_waiting(database, now):
    """Writing a million rows takes a minute, and PAUSE has two seconds."""
    from tests.dialogue.transcript import Player

    player = Player()
    for line in (
        "  Pizza Palace is a client (pizza-palace) in English",
        "  Olivia speaks for Pizza Palace",
        "  Sam follows Pizza Palace",
        "(sending waits)",
        "Olivia >> Half-price pizza",
    ):
        player.take(line)
    with db.transaction() as session:
        draft = session.scalars(select(Announcement)).one()
        draft.status, draft.confirmed_at = "confirmed", player.now
    with db.engine().connect() as fanning_out:
        fanning_out.execute(select(Announcement.id).with_for_update())
        with db.transaction() as session:
            session.connection().exec_driver_sql("SET LOCAL lock_timeout = '1s'")
            pause.pause(
                session, [draft.client_id], session.get_one(ContactPoint, draft.author_id), now=player.now
            )
    with db.transaction() as session:
        assert [each.id for each in queries.paused(session, [draft.client_id])] == [draft.id]


def test_a_pause_that_outlasts_what_it_holds_ends(session, pizza, author, announcement, now):
    fanout.fan_out(session, announcement.id, now=now)
    pause.pause(session, [pizza.id], author, now=now)
    useful_until = now + USEFUL_FOR
    sweeps.outlasted_pauses(session, useful_until - MINUTE)
    assert queries.paused(session, [pizza.id]) == [announcement]
    sweeps.outlasted_pauses(session, useful_until)
    assert queries.paused(session, [pizza.id]) == []
    leased = chunks.take(session, "bulk", now=useful_until)
    assert chunks.mark(session, leased.lease, most=9, now=useful_until).not_called == 5


def test_nobody_pauses_another_client_s_announcement_nor_one_that_is_out(
    session, pizza, author, announcement, now
):
    pause.pause(session, [], author, now=now)
    assert queries.paused(session, [pizza.id]) == []
    fanout.fan_out(session, announcement.id, now=now)
    for chunk in session.scalars(select(Chunk)):
        chunk.finished_at = now
    session.flush()
    pause.pause(session, [pizza.id], author, now=now)
    assert queries.paused(session, [pizza.id]) == queries.under_way(session, [pizza.id]) == []


def test_pausing_twice_is_pausing_once_and_every_step_is_on_record(session, pizza, author, announcement, now):
    for _ in range(2):
        pause.pause(session, [pizza.id], author, now=now)
    for _ in range(2):
        pause.resume(session, announcement, author, now=now)
    pause.drop(session, announcement, author, now=now)  # nothing is paused
    types = select(Event.type).where(Event.subject_id == announcement.id).order_by(Event.subject_sequence)
    assert session.scalars(types).all() == [
        "announcement.confirmed",
        "announcement.paused",
        "announcement.resumed",
    ]
    assert session.scalars(select(Message.status)).all() == []
