"""Metrics: what a process counts about its own work. What waits, or is so, is asked of the rows instead.

The processes of one host share their counts through files in the folder ``PROMETHEUS_MULTIPROC_DIR``, so that
one web process can show them all; without it, a process shows its own. Labels are words of ours or Twilio's
codes: never a phone, a client or an id.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

from prometheus_client import REGISTRY, Counter, Histogram, Metric, multiprocess, values
from prometheus_client.registry import Collector

from bot.config import ConfigurationError

FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # the library's own variable, read when it is imported

_role = "web"

if FOLDER in os.environ:
    # The role is in the files' names, because a start of one role must not take the other's counts away.
    values.ValueClass = values.MultiProcessValue(  # type: ignore[no-untyped-call]
        lambda: f"{_role}-{os.getpid()}"
    )

INBOUND = Counter("nudges_inbound", "Texts to us, by what became of them (flow.step).", ["outcome"])
CALLS = Counter("nudges_calls", "Calls to Twilio, by outcome and Twilio's error code.", ["outcome", "error"])
CALL_SECONDS = Histogram("nudges_call_seconds", "Seconds that calls to Twilio took.", ["lane"])
RECEIPTS = Counter("nudges_receipts", "Receipts, by status and Twilio's error code.", ["status", "error"])
WEBHOOK_SECONDS = Histogram(
    "nudges_webhook_seconds",
    "Seconds from a webhook's request to its answer.",
    ["webhook", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15),  # Twilio gives up after 15
)


def begin(role: str) -> None:
    """Count as one of the processes of a role (``web`` or ``worker``); call it before anything is counted.

    The first of its role on a host starts from zero: it removes what those of the last start left. One that
    is started again beside its siblings leaves the files of the dead, so that no sum ever goes down.

    :raises ConfigurationError: the folder can't be used.
    """
    global _role  # noqa: PLW0603  # one per process, and its forks
    _role = role
    if FOLDER not in os.environ:
        return
    folder = Path(os.environ[FOLDER])
    try:
        folder.mkdir(parents=True, exist_ok=True)
        files = [
            (file, int(named[1]))
            for file in folder.glob("*.db")
            if (named := re.fullmatch(rf"[a-z]+_{role}-(\d+)\.db", file.name))
        ]
        if not any(pid != os.getpid() and Path(f"/proc/{pid}").exists() for _, pid in files):
            for file, _ in files:
                file.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigurationError(
            f"Nudges cannot start:\n  {FOLDER}: {error.strerror} ({folder}): name a folder that this user can"
            " write in."
        ) from error


class OfThisHost(Collector):
    """What the processes of this host have counted; without the folder, what this process has."""

    def collect(self) -> Iterable[Metric]:
        """Read the files, or the library's registry."""
        if FOLDER not in os.environ:
            yield from REGISTRY.collect()
            return
        yield from multiprocess.MultiProcessCollector(None).collect()  # type: ignore[no-untyped-call]
