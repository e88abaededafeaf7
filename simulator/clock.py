"""A clock that can jump ahead: the system's, and an offset in a file that all processes share.

It never goes back, also from one run to the next: what Nudges has written would lie in the future.
"""

from __future__ import annotations

import fcntl
from datetime import UTC, datetime, timedelta
from pathlib import Path


class Clock:
    """Tells a time by the file at ``path``; without a file, that of the system."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._read: tuple[int, int] | None = None  # which file the offset was read from
        self._ahead = timedelta()

    def now(self) -> datetime:
        """The moment, in UTC. Cheap enough for every request: the file is read when it has changed."""
        return datetime.now(UTC) + self.ahead

    @property
    def ahead(self) -> timedelta:
        """How far it has jumped in all."""
        try:
            found = self.path.stat()
        except FileNotFoundError:
            return timedelta()
        if self._read != (found.st_ino, found.st_mtime_ns):
            self._ahead = timedelta(seconds=float(self.path.read_text()))
            self._read = (found.st_ino, found.st_mtime_ns)
        return self._ahead

    def jump(self, by: timedelta) -> None:
        """Go ahead, for every process that goes by this file; two at once both count.

        :raises ValueError: it would go back.
        """
        if by < timedelta():
            raise ValueError("The clock goes ahead, never back.")
        with self.path.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            unfinished = self.path.with_suffix(".unfinished")
            unfinished.write_text(f"{(self.ahead + by).total_seconds()}\n")
            unfinished.replace(self.path)
