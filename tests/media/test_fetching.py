"""Fetching what a draft wants: once, in the background, and as often as it takes within reason."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.orm import undefer

from bot import db, jobs, tables
from bot.events.models import Event
from bot.ids import uuid7
from bot.media import fetching, queries, service, sweeps
from bot.media.jobs import fetch_wanted
from bot.media.models import Media
from simulator.servers import Servers
from tests.media.conftest import JPEG, Host

assert tables.metadata

FETCHER = "from bot import tables\nfrom bot.media.jobs import fetch_wanted\nfetch_wanted()"


def clock() -> datetime:
    return datetime.now(UTC)


def later() -> datetime:
    """When every wait is over."""
    return clock() + timedelta(hours=1)


def want(*urls: str) -> list[Media]:
    """Have files of one text wanted, and committed."""
    with db.transaction() as session:
        received = service.receive(
            session,
            source_type="inbound",
            source_id=uuid7(),
            files=[(url, "image/jpeg") for url in urls],
            now=clock(),
        )
        service.want(session, [each.id for each in received], now=clock())
        return [session.get_one(Media, each.id) for each in received]


def seen(media: Media) -> Media:
    """The row as it is now, with its content."""
    with db.transaction() as session:
        return session.get_one(Media, media.id, options=[undefer(Media.content)])


def told() -> list[str]:
    with db.transaction() as session:
        return sorted(session.scalars(select(Event.type).where(Event.type.startswith("media."))))


@pytest.fixture(autouse=True)
def _empty(database: Servers) -> Iterator[None]:
    return


def test_a_file_is_kept_with_what_it_really_is(host: Host) -> None:
    host.files["/png"] = b"\x89PNG\r\n\x1a\n and more"
    jpeg, png = want(f"{host.url}/picture", f"{host.url}/png")
    fetch_wanted()
    kept = seen(jpeg)
    assert (kept.status, kept.kind, kept.size, kept.content) == ("fetched", "image/jpeg", len(JPEG), JPEG)
    assert kept.sha256 == hashlib.sha256(JPEG).digest()
    assert seen(png).kind == "image/png"
    assert told() == ["media.fetched", "media.fetched"]


def test_what_nobody_wants_is_only_noted(host: Host) -> None:
    with db.transaction() as session:
        (noted,) = service.receive(
            session,
            source_type="inbound",
            source_id=uuid7(),
            files=[(f"{host.url}/picture", "image/jpeg")],
            now=clock(),
        )
    assert not fetching.fetch_next(clock=later)
    assert host.asked == []
    with db.transaction() as session:
        assert session.get_one(Media, noted.id).status == "known"


@pytest.mark.parametrize(
    "content",
    [b"RIFF\x00\x00\x00\x00WEBP", b"<svg onload='alert(1)'/>", b"GIF86a", b"\xff\xd8", b"", b"%PDF-1.7"],
)
def test_what_is_no_picture_is_refused_whatever_it_is_called(host: Host, content: bytes) -> None:
    host.files["/picture.jpg"] = content
    (media,) = want(f"{host.url}/picture.jpg")
    fetch_wanted()
    refused = seen(media)
    assert (refused.status, refused.failure, refused.content) == ("failed", "no_picture", None)
    assert told() == ["media.failed"]


def test_what_is_too_big_is_refused(host: Host) -> None:
    host.files["/big"] = b"\xff\xd8\xff" + bytes(5_000_000)
    (media,) = want(f"{host.url}/big")
    fetch_wanted()
    assert (seen(media).status, seen(media).failure) == ("failed", "too_big")


def test_what_is_not_there_yet_is_asked_for_again_and_then_given_up(host: Host) -> None:
    host.statuses["/picture"] = 404
    (media,) = want(f"{host.url}/picture")
    moments = [clock()]
    while fetching.fetch_next(clock=lambda: moments[-1]):
        if due := seen(media).not_before:
            moments.append(due)
    waits = [round((b - a).total_seconds()) for a, b in pairwise(moments)]
    assert waits[:4] == [2, 4, 8, 16]
    assert len(host.asked) == fetching.MOST_ATTEMPTS
    assert (seen(media).status, seen(media).failure) == ("failed", "unavailable")
    assert told() == ["media.failed"]


def test_it_may_come_late(host: Host) -> None:
    host.statuses["/picture"] = 404
    (media,) = want(f"{host.url}/picture")
    fetch_wanted()
    fetch_wanted()  # its wait is not over
    assert len(host.asked) == 1
    host.statuses.clear()
    assert fetching.fetch_next(clock=later)
    assert seen(media).status == "fetched"


def test_what_was_dropped_while_it_was_fetched_is_not_kept(host: Host) -> None:
    (media,) = want(f"{host.url}/picture")
    with db.transaction() as session:
        wanted = fetching.take(session, now=clock())
    assert wanted is not None
    with db.transaction() as session:
        service.drop(session, [media.id])
    with pytest.raises(fetching.LeaseLost), db.transaction() as session:
        fetching.note(session, wanted, fetching.Downloaded(JPEG), now=clock())
    assert (seen(media).status, seen(media).content) == ("dropped", None)
    assert told() == []


def test_a_fetcher_that_is_killed_is_followed_by_another(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEASE_SECONDS", "1")
    host.dribbling.add("/picture")
    (media,) = want(f"{host.url}/picture")
    with subprocess.Popen([sys.executable, "-c", FETCHER], env=os.environ) as fetcher:
        while not host.asked:
            assert fetcher.poll() is None
        fetcher.send_signal(signal.SIGKILL)
    host.dribbling.clear()
    host.released.set()
    with db.transaction() as session:
        until = session.scalar(select(func.max(Media.leased_until)))
        session.execute(
            select(func.pg_sleep_until(func.greatest(until, func.now()) + text("interval '0.1 s'")))
        )
    assert fetching.fetch_next(clock=clock)
    assert seen(media).content == JPEG
    assert told() == ["media.fetched"]


def test_a_lost_job_only_delays(host: Host) -> None:
    want(f"{host.url}/picture")
    jobs.redis().flushdb()
    with db.transaction() as session:
        sweeps.unfetched_media(session, clock())
    assert jobs.redis().llen(f"rq:queue:{jobs.BULK}") == 1
    fetch_wanted()
    with db.transaction() as session:
        sweeps.unfetched_media(session, later())
        assert queries.waiting(session, later()) == 0
    assert jobs.redis().llen(f"rq:queue:{jobs.BULK}") == 1


def test_a_name_can_t_be_guessed(host: Host) -> None:
    names = [media.name for media in want(*[f"{host.url}/picture"] * 3)]
    assert len(set(names)) == 3
    assert all(len(name) == 32 for name in names)  # 192 bits in base64


def test_a_copy_is_shown_as_long_as_it_is_there(host: Host) -> None:
    (media,) = want(f"{host.url}/picture")
    with pytest.raises(queries.NoSuchFile), db.transaction() as session:
        queries.copy(session, media.name)
    fetch_wanted()
    with db.transaction() as session:
        assert queries.copy(session, media.name).content == JPEG
        session.execute(update(Media).values(status="dropped", content=None))
        with pytest.raises(queries.NoSuchFile):
            queries.copy(session, media.name)
