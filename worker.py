"""The worker: lanes that work the queues, each a process of its own, and the sweeps in another.

``python worker.py [--lanes express,bulk] [--bulk N] [--burst]``

The foreman only starts and watches: it opens no connection, so forking is safe at any time. A lane that dies
is started again. SIGTERM and SIGINT let every lane finish the job at hand, for half a minute at most. When
the foreman itself is killed, the lanes notice and stop in the same way.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import secrets
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import wait
from multiprocessing.context import ForkProcess
from types import FrameType

import structlog
from redis import Redis, RedisError
from redis.client import Pipeline
from rq import Queue, SimpleWorker
from rq.executions import Execution
from rq.job import Job

from bot import jobs, metrics, telemetry, wiring
from bot.clock import utc_now
from bot.config import ConfigurationError, settings
from bot.dialogue import jobs as conversations
from bot.messaging import sending
from bot.sweeps import Sweeper
from flows import dialogue

GRACE_SECONDS = 30.0
SWEEP_SECONDS = 1.0
LONGEST_WAIT_SECONDS = 10.0  # before a lane that keeps dying is started again
STEADY_SECONDS = 60.0  # a lane that lived this long did not keep dying
RQ_LOGS = "WARNING"  # it would write six lines for each job

log = structlog.get_logger()


class Lane(SimpleWorker):
    """Works queues in its own process, without a fork per job: connections and the event loop are kept."""

    max_connection_wait_time = 5.0  # RQ would let a lane sleep for a minute after an outage of Redis

    def perform_job(self, job: Job, queue: Queue, execution: Execution) -> bool:
        """Run a job, and have its log lines carry its id."""
        with structlog.contextvars.bound_contextvars(job_id=job.id):
            return super().perform_job(job, queue, execution)

    def heartbeat(self, timeout: int | None = None, pipeline: Pipeline | None = None) -> None:
        """Tell that this lane is worked."""
        super().heartbeat(timeout, pipeline)
        jobs.lane_lives(pipeline if pipeline is not None else self.connection, *self._place)

    def register_death(self) -> None:
        """Tell that this lane is worked no more, by this process."""
        super().register_death()  # type: ignore[no-untyped-call]
        jobs.lane_ends(self.connection, *self._place)

    @property
    def _place(self) -> tuple[str, str]:
        queues = tuple(self.queue_names())
        return next((lane for lane, names in jobs.LANES.items() if names == queues), "burst"), self.name

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        """Finish the job at hand, which for a broadcast is what is being sent, and take no other."""
        sending.stop()
        super().request_stop(signum, frame)  # type: ignore[no-untyped-call]

    def request_force_stop(self, signum: int, frame: FrameType | None) -> None:
        """Ignore further signals: an exception in the middle of a send would make an unknown of it."""


@dataclass
class Child:
    """A process that has to run."""

    name: str
    run: Callable[[], None]
    process: ForkProcess | None = None
    started: float = 0.0
    deaths: int = 0
    start_at: float = 0.0

    def note_death(self, now: float) -> None:
        """Wait longer each time before the next start, unless it ran well."""
        self.deaths = 1 if now - self.started > STEADY_SECONDS else self.deaths + 1
        self.start_at = now + min(0.5 * 2 ** (self.deaths - 1), LONGEST_WAIT_SECONDS)
        self.process = None


class Foreman:
    """Starts children, starts them again when they die, and stops them when it is told to."""

    def __init__(self, children: Sequence[Child]) -> None:
        self._children = children
        self._stopping = False
        # Nobody writes to this pipe. Children see it closed when the foreman is gone, however it went.
        self._tether, self._held = os.pipe()

    def run(self) -> None:
        """Run until SIGTERM or SIGINT."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        while not self._stopping:
            now = time.monotonic()
            for child in self._children:
                if child.process is None and now >= child.start_at:
                    self._start(child)
            wait([child.process.sentinel for child in self._children if child.process], timeout=0.5)
            for child in self._children:
                if child.process and not child.process.is_alive() and not self._stopping:
                    log.error("lane_died", lane=child.name, exit_code=child.process.exitcode)
                    child.note_death(time.monotonic())
        self._stop_children()

    def _stop(self, _signum: int, _frame: FrameType | None) -> None:
        self._stopping = True

    def _start(self, child: Child) -> None:
        child.process = multiprocessing.get_context("fork").Process(
            target=self._become, args=(child,), name=child.name
        )
        # A signal in the moment between fork and the child's own handlers must wait, not get lost.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
        child.process.start()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM, signal.SIGINT})
        child.started = time.monotonic()
        log.info("lane_started", lane=child.name, pid=child.process.pid)

    def _become(self, child: Child) -> None:
        """Be the child; in the forked process."""
        os.close(self._held)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM, signal.SIGINT})
        threading.Thread(target=_stop_with_foreman, args=(self._tether,), daemon=True).start()
        structlog.contextvars.bind_contextvars(lane=child.name)
        child.run()

    def _stop_children(self) -> None:
        running = [child.process for child in self._children if child.process and child.process.is_alive()]
        log.info("stopping", lanes=[process.name for process in running])
        for process in running:
            process.terminate()
        deadline = time.monotonic() + GRACE_SECONDS
        for process in running:
            process.join(max(0.0, deadline - time.monotonic()))
            if process.is_alive():
                log.error("lane_killed", lane=process.name, advice="It did not finish its job in time.")
                process.kill()
                process.join()
        log.info("stopped")


def work_lane(lane: str) -> None:
    """Work a lane's queues until told to stop."""
    name = f"{lane}-{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(2)}"
    # Not the connection that jobs enqueue with: waiting for work needs a longer timeout than RQ allows that.
    connection = Redis.from_url(settings().redis_url, socket_connect_timeout=5)
    try:
        Lane(jobs.LANES[lane], name=name, connection=connection, worker_ttl=60).work(logging_level=RQ_LOGS)
    except RedisError as error:
        log.warning("redis_unavailable", error=str(error))
        sys.exit(1)
    finally:
        sending.close()


def sweep() -> None:
    """Run the sweeps until told to stop."""
    stopping = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda signum, _frame: stopping.append(signum))
    with Sweeper() as sweeper:
        while not stopping:
            sweeper.run_due(utc_now())
            time.sleep(SWEEP_SECONDS)


def work_off(lanes: Sequence[str]) -> int:
    """Sweep once, work until these lanes' queues are empty, and return the exit code."""
    with Sweeper() as sweeper:
        sweeper.run_due(utc_now())
    names = [queue for lane in lanes for queue in jobs.LANES[lane]]
    connection = Redis.from_url(settings().redis_url, socket_connect_timeout=5)
    try:
        Lane(names, connection=connection).work(burst=True, logging_level=RQ_LOGS)
        left = sum(Queue(name, connection=connection).count for name in names)
    except RedisError as error:
        print(f"Redis does not answer, so there is nothing to work off: {error}", file=sys.stderr)
        return 1
    finally:
        sending.close()
    return 1 if left else 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the worker and return its exit code: 2 when it can't start."""
    options = _options(arguments)
    try:
        level = settings().log_level
        metrics.begin("worker")
    except ConfigurationError as error:
        print(error, file=sys.stderr)
        return 2
    telemetry.configure(level)
    wiring.load()
    conversations.dialogue = dialogue
    if options.burst:
        return work_off(options.lanes)
    children = [
        Child(f"{lane}-{number}", lambda lane=lane: work_lane(lane))  # type: ignore[misc]
        for lane in options.lanes
        for number in range(1, (options.bulk if lane == jobs.BULK else 1) + 1)
    ]
    Foreman([*children, Child("sweeper", sweep)]).run()
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Works the queues.")
    parser.add_argument(
        "--lanes", type=_lanes, default=list(jobs.LANES), help=f"which ones, of {','.join(jobs.LANES)}"
    )
    parser.add_argument("--bulk", type=_positive, default=1, help="how many processes send broadcasts")
    parser.add_argument("--burst", action="store_true", help="work off what is queued, then end")
    return parser.parse_args(arguments)


def _lanes(text: str) -> list[str]:
    lanes = text.split(",")
    unknown = [lane for lane in lanes if lane not in jobs.LANES]
    if unknown:
        raise argparse.ArgumentTypeError(f"no lane {', '.join(unknown)}: there are {', '.join(jobs.LANES)}")
    return lanes


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a whole number from 1")
    return int(text)


def _stop_with_foreman(tether: int) -> None:
    """End this process when the foreman is gone: gently first, for good after the usual time."""
    os.read(tether, 1)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_SECONDS)
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main())
