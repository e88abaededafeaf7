"""The worker as it runs: several processes that start, stop and die together."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from rq import Queue
from sqlalchemy import select

import worker
from bot import db, jobs
from bot.events.models import Event
from bot.events.service import record
from simulator.servers import Servers
from tests.worker.conftest import PATIENCE, RunningWorker, is_running, wait_until
from tests.worker.door import Door
from tests.worker.held_jobs import hold, touch

StartWorker = Callable[..., RunningWorker]


def queued(queue: str) -> int:
    return Queue(queue, connection=jobs.redis()).count


def test_each_lane_works_its_queues_while_another_is_busy(start_worker: StartWorker, tmp_path: Path) -> None:
    start_worker()
    jobs.enqueue(jobs.BULK, hold, str(tmp_path))
    wait_until((tmp_path / "begun").exists, "the broadcast")
    for queue in (jobs.EXPRESS, jobs.DEFAULT):
        jobs.enqueue(queue, touch, str(tmp_path / queue))
        wait_until((tmp_path / queue).exists, f"a job of {queue}")
    assert not (tmp_path / "done").exists()
    (tmp_path / "let_go").touch()
    wait_until((tmp_path / "done").exists, "the end of the broadcast")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_told_to_stop_it_finishes_the_job_at_hand_and_takes_no_other(
    start_worker: StartWorker, tmp_path: Path, number: signal.Signals
) -> None:
    running = start_worker("--lanes", "bulk")
    jobs.enqueue(jobs.BULK, hold, str(tmp_path))
    jobs.enqueue(jobs.BULK, touch, str(tmp_path / "next"))
    wait_until((tmp_path / "begun").exists, "the first job")
    children = running.children()
    running.process.send_signal(number)
    wait_until(lambda: '"stopping"' in running.log, "the stop")
    assert running.process.poll() is None
    (tmp_path / "let_go").touch()
    assert running.process.wait(PATIENCE) == 0
    assert (tmp_path / "done").exists()
    assert not (tmp_path / "next").exists()
    assert queued(jobs.BULK) == 1
    assert not any(is_running(child) for child in children)
    assert "Traceback" not in running.log


def test_killed_with_9_it_leaves_no_lane_behind(start_worker: StartWorker) -> None:
    running = start_worker("--bulk", "2")
    running.wait_until_listening(3)
    children = running.children()
    assert len(children) == 4, "express, two of bulk, and the sweeper"
    running.process.kill()
    wait_until(lambda: not any(is_running(child) for child in children), "the end of every child")


def test_a_lane_whose_foreman_was_killed_still_finishes_its_job(
    start_worker: StartWorker, tmp_path: Path
) -> None:
    running = start_worker("--lanes", "bulk")
    jobs.enqueue(jobs.BULK, hold, str(tmp_path))
    wait_until((tmp_path / "begun").exists, "the job")
    children = running.children()
    running.process.kill()
    (tmp_path / "let_go").touch()
    wait_until(lambda: not any(is_running(child) for child in children), "the end of every child")
    assert (tmp_path / "done").exists()


def test_a_lane_that_dies_is_started_again(start_worker: StartWorker, tmp_path: Path) -> None:
    running = start_worker("--lanes", "express")
    running.wait_until_listening(1)
    children = running.children()
    for child in children:
        os.kill(child, signal.SIGKILL)
    # A job that came before Redis noticed the death would go to the dead lane. Rows and sweeps make up for
    # that; this job has no row.
    wait_until(lambda: '"lane_died"' in running.log, "the notice of the death")
    jobs.enqueue(jobs.EXPRESS, touch, str(tmp_path / "done"))
    wait_until((tmp_path / "done").exists, "a job by a new lane")
    assert not children & running.children()


def test_in_a_burst_it_works_off_the_queues_of_its_lanes_and_ends(
    start_worker: StartWorker, tmp_path: Path
) -> None:
    for queue in (jobs.EXPRESS, jobs.DEFAULT, jobs.BULK):
        jobs.enqueue(queue, touch, str(tmp_path / queue))
    assert start_worker("--burst", "--lanes", "bulk").process.wait(PATIENCE) == 0
    assert (tmp_path / jobs.BULK).exists()
    assert not any((tmp_path / queue).exists() for queue in (jobs.EXPRESS, jobs.DEFAULT))
    assert start_worker("--burst").process.wait(PATIENCE) == 0
    assert all((tmp_path / queue).exists() for queue in (jobs.EXPRESS, jobs.DEFAULT))


def test_while_redis_is_away_it_waits_and_then_the_sweeps_bring_back_what_was_lost(
    start_worker: StartWorker, servers: Servers
) -> None:
    address = urlsplit(servers.redis_url)
    assert address.port is not None
    with Door(address.port) as door:
        running = start_worker(REDIS_URL=servers.redis_url.replace(f":{address.port}", f":{door.port}"))
        running.wait_until_listening(2)
        door.shut()
        with db.transaction() as session:
            long_ago = datetime.now(UTC) - timedelta(minutes=1)
            subject = {"subject_type": "test", "subject_id": uuid.uuid4()}
            record(session, type="test.lost", actor="system", now=long_ago, **subject)
        Queue(jobs.DEFAULT, connection=jobs.redis()).empty()
        wait_until(lambda: "job_not_enqueued" in running.log, "a sweep without Redis")
        assert running.process.poll() is None
        assert not is_dispatched()
        door.open()
        wait_until(is_dispatched, "the event whose job was lost")
        running.process.terminate()
        assert running.process.wait(PATIENCE) == 0


def is_dispatched() -> bool:
    with db.transaction() as session:
        return session.scalars(select(Event.dispatched_at)).one() is not None


def test_a_burst_without_redis_fails_in_a_sentence(start_worker: StartWorker) -> None:
    running = start_worker("--burst", REDIS_URL="redis://127.0.0.1:1/0")
    assert running.process.wait(PATIENCE) == 1
    assert "Redis does not answer" in running.log
    assert "Traceback" not in running.log


@pytest.mark.parametrize("arguments", [["--lanes", "fast"], ["--bulk", "0"], ["--bulk", "x"]])
def test_arguments_that_make_no_sense_are_refused(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        worker.main(arguments)
    assert refused.value.code == 2


@pytest.mark.parametrize(
    ("command", "exit_code"),
    [
        (["worker.py"], 2),
        (["-m", "flask", "--app", "wsgi", "clients", "list"], 2),
        (["-m", "gunicorn", "wsgi:app", "--bind", "127.0.0.1:0"], 4),  # gunicorn's own "can't be loaded"
    ],
    ids=["worker", "flask", "gunicorn"],
)
@pytest.mark.usefixtures("servers")
def test_without_its_environment_it_refuses_to_start_and_says_what_is_missing(
    project_root: Path, command: list[str], exit_code: int
) -> None:
    environment = {
        name: value for name, value in os.environ.items() if name not in {"SECRET_KEY", "REDIS_URL"}
    }
    ended = subprocess.run(
        [sys.executable, *command],
        cwd=project_root,
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert ended.returncode == exit_code
    assert "SECRET_KEY is not set." in ended.stderr
    assert "REDIS_URL is not set." in ended.stderr
    assert "Traceback" not in ended.stderr
