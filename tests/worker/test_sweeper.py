"""One process sweeps at a time, and no sweep keeps another from running."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session
from structlog.testing import capture_logs

from bot import db
from bot.sweeps import LOCK, Sweep, Sweeper
from simulator.servers import Servers

SECOND = timedelta(seconds=1)


class Trouble(Exception):
    """A sweep's own trouble."""


@pytest.fixture(autouse=True)
def _empty_database(database: Servers) -> None:
    """Nobody else sweeps."""


@pytest.fixture
def runs() -> list[datetime]:
    """When :func:`sweeper`'s sweep ran."""
    return []


@pytest.fixture
def sweeper(runs: list[datetime]) -> Iterator[Sweeper]:
    with Sweeper([Sweep(lambda _session, now: runs.append(now), timedelta(seconds=10))]) as made:
        yield made


def test_a_sweep_runs_at_once_and_then_as_often_as_it_says(
    sweeper: Sweeper, runs: list[datetime], now: datetime
) -> None:
    for seconds in range(21):
        assert sweeper.run_due(now + seconds * SECOND)
    assert runs == [now, now + 10 * SECOND, now + 20 * SECOND]


def test_only_one_sweeps_until_it_ends(sweeper: Sweeper, runs: list[datetime], now: datetime) -> None:
    with Sweeper([]) as other:
        assert other.run_due(now)
        assert not sweeper.run_due(now)
        assert runs == []
    assert sweeper.run_due(now)
    assert runs == [now]


def test_who_loses_the_connection_loses_the_sweeping_and_may_win_it_back(
    sweeper: Sweeper, runs: list[datetime], now: datetime
) -> None:
    sweeper.run_due(now)
    with db.engine().connect() as connection:
        holder = text("SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = :key")
        pid = connection.scalar(holder, {"key": LOCK})
        assert connection.scalar(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})
    assert not sweeper.run_due(now + 10 * SECOND)
    assert sweeper.run_due(now + 11 * SECOND)
    assert runs == [now, now + 11 * SECOND]


def test_a_sweep_that_fails_is_rolled_back_and_logged_and_the_next_one_runs(now: datetime) -> None:
    ran = []

    def fail(session: Session, _now: datetime) -> None:
        session.execute(text("CREATE TABLE left_over ()"))
        raise Trouble

    with (
        capture_logs() as logs,
        Sweeper([Sweep(fail, SECOND), Sweep(lambda _s, _n: ran.append(1), SECOND)]) as it,
    ):
        it.run_due(now)
    assert ran == [1]
    (line,) = [line for line in logs if line["event"] == "sweep_failed"]
    assert line["sweep"] == "fail"
    with db.transaction() as session:
        assert session.scalar(text("SELECT to_regclass('left_over')")) is None
