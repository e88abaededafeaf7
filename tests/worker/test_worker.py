"""The worker as it runs: several processes that start, stop and die together."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from rq import Queue

from bot import jobs
from tests.worker.conftest import PATIENCE, RunningWorker, is_running, wait_until
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
    worker = start_worker("--lanes", "bulk")
    jobs.enqueue(jobs.BULK, hold, str(tmp_path))
    jobs.enqueue(jobs.BULK, touch, str(tmp_path / "next"))
    wait_until((tmp_path / "begun").exists, "the first job")
    children = worker.children()
    worker.process.send_signal(number)
    wait_until(lambda: '"stopping"' in worker.log, "the stop")
    assert worker.process.poll() is None
    (tmp_path / "let_go").touch()
    assert worker.process.wait(PATIENCE) == 0
    assert (tmp_path / "done").exists()
    assert not (tmp_path / "next").exists()
    assert queued(jobs.BULK) == 1
    assert not any(is_running(child) for child in children)
    assert "Traceback" not in worker.log


def test_killed_with_9_it_leaves_no_lane_behind(start_worker: StartWorker) -> None:
    worker = start_worker("--bulk", "2")
    worker.wait_until_listening(3)
    children = worker.children()
    assert len(children) == 4, "express, two of bulk, and the sweeper"
    worker.process.kill()
    wait_until(lambda: not any(is_running(child) for child in children), "the end of every child")


def test_a_lane_whose_foreman_was_killed_still_finishes_its_job(
    start_worker: StartWorker, tmp_path: Path
) -> None:
    worker = start_worker("--lanes", "bulk")
    jobs.enqueue(jobs.BULK, hold, str(tmp_path))
    wait_until((tmp_path / "begun").exists, "the job")
    children = worker.children()
    worker.process.kill()
    (tmp_path / "let_go").touch()
    wait_until(lambda: not any(is_running(child) for child in children), "the end of every child")
    assert (tmp_path / "done").exists()


def test_a_lane_that_dies_is_started_again(start_worker: StartWorker, tmp_path: Path) -> None:
    worker = start_worker("--lanes", "express")
    worker.wait_until_listening(1)
    children = worker.children()
    for child in children:
        os.kill(child, signal.SIGKILL)
    jobs.enqueue(jobs.EXPRESS, touch, str(tmp_path / "done"))
    wait_until((tmp_path / "done").exists, "a job by a new lane")
    assert '"lane_died"' in worker.log
    assert not children & worker.children()


def test_in_a_burst_it_works_off_every_queue_and_ends(start_worker: StartWorker, tmp_path: Path) -> None:
    for queue in (jobs.EXPRESS, jobs.DEFAULT, jobs.BULK):
        jobs.enqueue(queue, touch, str(tmp_path / queue))
    worker = start_worker("--burst")
    assert worker.process.wait(PATIENCE) == 0
    assert all((tmp_path / queue).exists() for queue in (jobs.EXPRESS, jobs.DEFAULT, jobs.BULK))


def test_in_a_burst_it_works_only_the_lanes_it_is_given(start_worker: StartWorker, tmp_path: Path) -> None:
    for queue in (jobs.EXPRESS, jobs.BULK):
        jobs.enqueue(queue, touch, str(tmp_path / queue))
    assert start_worker("--burst", "--lanes", "bulk").process.wait(PATIENCE) == 0
    assert (tmp_path / jobs.BULK).exists()
    assert queued(jobs.EXPRESS) == 1


def test_a_burst_without_redis_fails_in_a_sentence(start_worker: StartWorker) -> None:
    worker = start_worker("--burst", REDIS_URL="redis://127.0.0.1:1/0")
    assert worker.process.wait(PATIENCE) == 1
    assert "Redis does not answer" in worker.log
    assert "Traceback" not in worker.log


@pytest.mark.parametrize("arguments", [["--lanes", "fast"], ["--bulk", "0"], ["--bulk", "x"]])
def test_arguments_that_make_no_sense_are_refused(start_worker: StartWorker, arguments: list[str]) -> None:
    assert start_worker(*arguments).process.wait(PATIENCE) == 2


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
