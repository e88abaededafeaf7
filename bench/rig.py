"""What load runs stand on: servers that write durably, processes as the Procfile has them, CPU by part."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import requests

from simulator.ports import free_port
from simulator.servers import Servers
from simulator.stack import PROJECT
from tests.conftest import SETTINGS

GUNICORN = "--worker-class gthread --workers 2 --threads 8 --reuse-port --no-control-socket"


@contextmanager
def installation(**settings: str) -> Iterator[Servers]:
    """Servers, migrated, in an environment that leads there; everything is gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # Postgres of root runs as nobody
        with Servers(Path(folder), durable=True, keep=False) as servers:
            os.environ.update(
                {
                    **SETTINGS,
                    "QUIET_HOURS": "off",  # whatever time it is
                    "DATABASE_URL": servers.database_url,
                    "REDIS_URL": servers.redis_url,
                    "PROMETHEUS_MULTIPROC_DIR": str(Path(folder) / "metrics"),
                    **settings,
                }
            )
            from bot import db, jobs, migrations, wiring
            from bot.config import settings
            from bot.crypto import keyring

            for of_the_one_before in (settings, keyring, db.engine, jobs.redis):
                of_the_one_before.cache_clear()
            wiring.load()
            migrations.upgrade()
            yield servers
            db.engine().dispose()


@contextmanager
def process(*command: str, settings: Mapping[str, str] | None = None) -> Iterator[psutil.Process]:
    """A part of Nudges as a process of its own; its log goes nowhere, but is written."""
    environment = {**os.environ, **(settings or {})}
    with subprocess.Popen(
        [sys.executable, *command],
        cwd=PROJECT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as started:
        try:
            yield psutil.Process(started.pid)
        finally:
            started.terminate()
            started.wait(timeout=40)


@contextmanager
def gunicorn(application: str) -> Iterator[tuple[str, psutil.Process]]:
    """Serve as the Procfile does, on a free port; gives the URL and the process."""
    url = f"http://127.0.0.1:{(port := free_port())}"
    command = ["-m", "gunicorn", application, *GUNICORN.split(), "--bind", f"127.0.0.1:{port}"]
    with process(*command, settings={"PUBLIC_URL": url}) as server:
        deadline = time.monotonic() + 30
        while True:
            try:
                requests.get(f"{url}/healthz", timeout=30)
                break
            except requests.ConnectionError:
                assert time.monotonic() < deadline, f"{application} does not answer"
                time.sleep(0.05)
        yield url, server


@dataclass(frozen=True)
class Cpu:
    """CPU seconds of each part, since it was started."""

    parts: Mapping[str, float]

    @classmethod
    def now(cls, **others: psutil.Process) -> Cpu:
        """Read it: of this process (``load``), of the servers, and of other processes with their children."""
        children = psutil.Process().children()
        servers = {
            name: psutil_process
            for psutil_process in children
            for name in ("postgres", "valkey")
            if psutil_process.name().startswith(name)
        }
        return cls(
            {"load": time.process_time()}
            | {name: _seconds(process) for name, process in {**servers, **others}.items()}
        )

    def since(self, before: Cpu, seconds: float) -> str:
        """The share of one core that each part took: ``web 130%, postgres 40%``."""
        spent = {name: total - before.parts.get(name, 0.0) for name, total in self.parts.items()}
        return ", ".join(f"{name} {each / seconds:.0%}" for name, each in spent.items())


def median(values: list[float]) -> float:
    """The middle of several runs."""
    return statistics.median(values)


def row(*cells: str) -> None:
    """Print a row of the table in bench/README.md."""
    print(f"| {' | '.join(cells)} |", flush=True)


def spread(values: list[float], form: str = ",.0f") -> str:
    """A median with the runs it is of: ``512 [498–530]``."""
    return f"{median(values):{form}} [{min(values):{form}}–{max(values):{form}}]"


def _seconds(process: psutil.Process) -> float:
    """Of a process and its children; the children that have ended are in the first one's own account."""
    total = 0.0
    for each in (process, *process.children(recursive=True)):
        try:
            times = each.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
    times = process.cpu_times()
    return total + times.children_user + times.children_system
