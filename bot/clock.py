"""The clock: the one place where Nudges asks what time it is.

Only edges ask (a webhook, a job, a command, the sweeps); everything below is told, as ``now``. Leases go by
the database's clock instead (``bot/claims.py``), because several machines have to agree on them.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime


def _of_the_system() -> datetime:
    return datetime.now(UTC)


#: What tells the time; the simulator puts a clock here that can jump ahead.
source: Callable[[], datetime] = _of_the_system


def utc_now() -> datetime:
    """The present moment, in UTC."""
    return source()
