"""Words go in batches that hold nobody up, and that are no bigger than they may be."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from bot import db, jobs, retention
from bot.announcements.models import Announcement
from bot.clock import utc_now
from bot.config import settings
from bot.dialogue.models import Conversation, Inbound, Prompt
from bot.ids import lowest_id_at, uuid7
from bot.media.models import Media
from bot.messaging.models import Rendering
from tests.dialogue.transcript import Player
from tests.retention.looking import (
    LATER,
    a_boundary,
    bodies,
    end_what_has_no_receipt,
    impatient,
    redact,
    texts,
    wordings,
)


def test_twice_is_as_good_as_once_and_a_batch_is_no_bigger_than_it_may_be(scene: Player) -> None:
    end_what_has_no_receipt()
    with db.transaction() as session:
        assert retention.DOMAINS["messaging"](session, LATER, most=3, now=LATER) == 3
    assert sum(redact(most=3).values()) > 10
    assert redact() == {}


def test_what_somebody_holds_is_passed_over_and_waited_for_by_nobody(scene: Player) -> None:
    scene.take("Olivia >> More pizza")
    scene.take("Ana >> LEAVE")
    with db.transaction() as session:
        session.execute(update(Prompt).values(closed_at=scene.now))
        session.execute(update(Announcement).values(status="discarded"))
    held = (Inbound, Rendering, Announcement, Conversation, Prompt, Media)
    with impatient():
        with db.transaction() as elsewhere:
            for table in held:
                elsewhere.execute(select(table).with_for_update())
            assert redact() == {}
        assert redact().keys() == retention.DOMAINS.keys()


def test_whoever_is_texting_meanwhile_does_not_wait(scene: Player) -> None:
    """Batches hold only old rows: a text, its reply and an announcement write others."""
    boundary = a_boundary()
    with impatient(), db.transaction() as elsewhere:
        for domain in retention.DOMAINS.values():
            domain(elsewhere, boundary, most=2000, now=LATER)
        scene.take("Ana >> Still there?")
        scene.take("Olivia >> Still half-price")
        scene.take("Olivia >> CONFIRM")
    assert sum("Pizza Palace: Still half-price" in line for line in scene.written) >= 2


def test_the_sweep_s_job_redacts_what_is_older_than_the_setting(
    scene: Player, monkeypatch: pytest.MonkeyPatch
) -> None:
    end_what_has_no_receipt()

    def run() -> int:
        jobs.redis().flushdb()
        with db.transaction() as session:
            retention.old_words(session, utc_now())
        queued = jobs.redis().llen(f"rq:queue:{jobs.DEFAULT}")
        retention.redact_old()
        return queued

    try:
        for days, queued in (("400", 1), ("0", 0)):
            monkeypatch.setenv("RETENTION_DAYS", days)
            settings.cache_clear()
            words = bodies()
            assert run() == queued
            assert bodies() == words != set()
        monkeypatch.setenv("RETENTION_DAYS", "400")
        settings.cache_clear()
        monkeypatch.setattr(retention, "utc_now", lambda: utc_now() + timedelta(days=9000))
        run()
        assert (bodies(), texts("inbound", "announcement"), wordings()) == (set(), set(), set())
    finally:
        monkeypatch.undo()
        settings.cache_clear()


def test_a_long_job_gives_notices_their_turn(scene: Player, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    monkeypatch.setattr(jobs, "TURN_SECONDS", 0.0)
    monkeypatch.setattr(retention, "utc_now", lambda: utc_now() + timedelta(days=9000))
    end_what_has_no_receipt()
    jobs.redis().flushdb()
    turns = 0
    while turns == 0 or jobs.redis().llen(f"rq:queue:{jobs.DEFAULT}"):
        jobs.redis().flushdb()
        retention.redact_old()
        turns += 1
        assert turns < 100
    assert turns > 5
    assert (bodies(), texts("inbound")) == (set(), set())


def test_ids_are_told_apart_by_the_moment_in_which_they_were_made() -> None:
    before = lowest_id_at(datetime.fromtimestamp(time.time() - 1, UTC))
    after = lowest_id_at(datetime.fromtimestamp(time.time() + 1, UTC))
    assert before < uuid7() < after
