"""Killing a process as a power cut does."""

from __future__ import annotations

import contextlib

import psutil


def kill_with_everything_it_started(pid: int) -> None:
    """SIGKILL to a process and its children at once: no process of it gets to finish anything."""
    family = [*psutil.Process(pid).children(recursive=True), psutil.Process(pid)]
    for process in family:
        process.suspend()
    for process in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(family[:-1], timeout=10)
