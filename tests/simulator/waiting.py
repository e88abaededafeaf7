"""Waiting for what happens in other processes."""

import time
from collections.abc import Callable

import psutil


def wait_until(condition: Callable[[], bool], seconds: float = 15) -> bool:
    """Return True as soon as ``condition`` holds, False when it does not within ``seconds``."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def all_ended(family: list[psutil.Process]) -> bool:
    """Tell whether these processes end within a while; one that only waits for init to reap it has ended."""
    return wait_until(lambda: not any(_lives(process) for process in family))


def _lives(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
