"""A process id that can still be trusted later.

The system gives ids out again, so a stored id alone may name a stranger. Together with the moment the process
started it names one process.
"""

from dataclasses import dataclass

import psutil

# psutil works the start time out from the boot time, which clock corrections can move by a second.
_SAME_START_SECONDS = 2.0


@dataclass(frozen=True)
class Pid:
    """One process: its id and when it started (seconds since the epoch)."""

    pid: int
    started: float

    @classmethod
    def of(cls, pid: int) -> "Pid":
        """Name the process that has this id now. Raises psutil.NoSuchProcess when there is none."""
        return cls(pid, psutil.Process(pid).create_time())

    def process(self) -> psutil.Process | None:
        """Return the process when it is still alive, None when it ended or its id is now a stranger's."""
        try:
            process = psutil.Process(self.pid)
            if abs(process.create_time() - self.started) > _SAME_START_SECONDS:
                return None
            return None if process.status() == psutil.STATUS_ZOMBIE else process
        except psutil.NoSuchProcess:
            return None
