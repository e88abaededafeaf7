"""Workers as processes of their own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from rq import Worker

from bot import jobs
from simulator.servers import Servers
from simulator.tether import tethered

PATIENCE = 40.0


def wait_until(condition: Callable[[], object], what: str) -> None:
    """Wait for a condition that another process brings about."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not happen within {PATIENCE:.0f} s"
        time.sleep(0.02)


def is_running(pid: int) -> bool:
    """Whether a process is there and not only waits to be reaped."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


class RunningWorker:
    """A worker process and its children."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self.process = process
        self._log = log

    @property
    def log(self) -> str:
        """What it has logged."""
        return self._log.read_text()

    def children(self) -> set[int]:
        """The process ids of lanes and sweeper."""
        pid = self.process.pid
        return {int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}

    def wait_until_listening(self, lanes: int) -> None:
        """Wait until so many lanes have registered with Redis."""
        wait_until(lambda: len(Worker.all(connection=jobs.redis())) >= lanes, f"{lanes} lanes listening")


@pytest.fixture
def start_worker(
    database: Servers, project_root: Path, tmp_path: Path
) -> Iterator[Callable[..., RunningWorker]]:
    """Start ``python worker.py`` with arguments; what a test leaves running is killed after it."""
    started: list[RunningWorker] = []

    def start(*arguments: str, **settings: str) -> RunningWorker:
        log = tmp_path / f"worker-{len(started)}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "worker.py", *arguments],
                cwd=project_root,
                env={**os.environ, **settings},
                stderr=output,
                # A test run that is killed leaves no worker behind.
                preexec_fn=tethered(signal.SIGKILL),  # noqa: PLW1509 (two system calls, from the main thread)
            )
        started.append(RunningWorker(process, log))
        return started[-1]

    yield start
    for worker in started:
        if worker.process.poll() is None:
            children = worker.children()
            worker.process.kill()
            for child in children:
                if is_running(child):
                    os.kill(child, signal.SIGKILL)
        worker.process.wait()
