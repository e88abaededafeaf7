"""One supervisor per data folder.

The servers inherit the lock, so it is free only when the supervisor *and* its servers are gone: two servers
never share data, not even when the supervisor was killed and its servers are still shutting down.
"""

import fcntl
import json
import os
import signal
import time
from pathlib import Path

import psutil

from simulator.pids import Pid

_WAIT_SECONDS = 20.0


class AlreadyRunningError(RuntimeError):
    """The data folder belongs to another run that is still alive."""


class DataLock:
    """An exclusive lock on a data folder that says who holds it."""

    def __init__(self, path: Path) -> None:
        """``path`` is the lock file; it is made when missing and never deleted."""
        self._path = path
        self._file: int | None = None
        self._servers: list[tuple[Pid, signal.Signals]] = []

    def fileno(self) -> int:
        """Return the file descriptor that servers inherit."""
        assert self._file is not None
        return self._file

    def acquire(self) -> None:
        """Take the lock; wait for the servers of a killed run to end, and end them where nothing else does.

        Raises AlreadyRunningError at once when the holder is alive.
        """
        self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        deadline = time.monotonic() + _WAIT_SECONDS
        while not self._try_lock():
            holder, servers = self._read()
            if holder is not None and (process := holder.process()) is not None:
                self.release()
                raise AlreadyRunningError(
                    f"Nudges already runs from this folder, as process {process.pid} (data in"
                    f" {self._path.parent}). Use that one, or stop it first: Ctrl-C in its terminal, or"
                    f" kill {process.pid}."
                )
            if time.monotonic() > deadline:
                self.release()
                raise AlreadyRunningError(
                    f"{self._path} is still locked {_WAIT_SECONDS:.0f} s after the run that held it ended."
                    f" `fuser {self._path}` names the processes that hold it; stop them and start again."
                )
            _end_orphans(servers)
            time.sleep(0.05)
        self._write()

    def record(self, pid: int, stop_signal: signal.Signals) -> None:
        """Note a server that holds the lock with us, and the signal that stops it in order."""
        self._servers.append((Pid.of(pid), stop_signal))
        self._write()

    def release(self) -> None:
        """Give the lock up (servers that are still alive keep it)."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _try_lock(self) -> bool:
        try:
            fcntl.flock(self.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _write(self) -> None:
        me = Pid.of(os.getpid())
        text = json.dumps(
            {
                "supervisor": [me.pid, me.started],
                "servers": [[pid.pid, pid.started, int(stop)] for pid, stop in self._servers],
            }
        ).encode()
        os.pwrite(self.fileno(), text, 0)
        os.ftruncate(self.fileno(), len(text))

    def _read(self) -> tuple[Pid | None, list[tuple[Pid, signal.Signals]]]:
        try:
            held = json.loads(os.pread(self.fileno(), 10_000, 0))
        except ValueError:  # The holder has the lock but has not written yet.
            return None, []
        servers = [(Pid(pid, started), signal.Signals(stop)) for pid, started, stop in held["servers"]]
        return Pid(*held["supervisor"]), servers


def _end_orphans(servers: list[tuple[Pid, signal.Signals]]) -> None:
    """Ask servers of a dead supervisor to stop. Linux has asked them already; asking twice does no harm."""
    for pid, stop_signal in servers:
        if (process := pid.process()) is not None:
            try:
                process.send_signal(stop_signal)
            except psutil.NoSuchProcess:
                continue
