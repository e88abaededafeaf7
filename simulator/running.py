"""``var/run.json``: where a running Nudges can be found (by ``make chat``, or a script of yours)."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from simulator.pids import Pid


@dataclass(frozen=True)
class Running:
    """The addresses of a `make run` that is up."""

    app_url: str
    standin_url: str
    pid: int
    started: float

    def write(self, root: Path) -> None:
        """Say that we are up."""
        path = _path(root)
        unfinished = path.with_suffix(".unfinished")
        unfinished.write_text(json.dumps(asdict(self), indent=2) + "\n")
        unfinished.replace(path)


def announce_running(root: Path, *, app_url: str, standin_url: str) -> None:
    """Write run.json for this process."""
    me = Pid.of(os.getpid())
    Running(app_url, standin_url, me.pid, me.started).write(root)


def find_running(root: Path) -> Running | None:
    """Return the Nudges that runs from ``root``; None also when a killed one left its file behind."""
    try:
        running = Running(**json.loads(_path(root).read_text()))
    except FileNotFoundError:
        return None
    return running if Pid(running.pid, running.started).process() else None


def forget_running(root: Path) -> None:
    """Remove run.json when it is this process's."""
    running = find_running(root)
    if running is None or running.pid == os.getpid():
        _path(root).unlink(missing_ok=True)


def _path(root: Path) -> Path:
    return root / "var" / "run.json"
