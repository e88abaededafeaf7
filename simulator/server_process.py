"""One server as a direct child: started on a free port, awaited, stopped in order."""

import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from simulator.lock import DataLock
from simulator.logs import fresh_log, last_lines
from simulator.places import Place
from simulator.ports import free_port
from simulator.tether import tethered

_READY_SECONDS = 60.0  # Recovery after a crash replays up to a gigabyte of log.
_STOP_SECONDS = 20.0
_PORT_ATTEMPTS = 3


class ServerFailedError(RuntimeError):
    """A server did not start, or ended while it was needed."""


class ServerProcess:
    """PostgreSQL or Valkey, running under the place's account and holding the data lock with us."""

    def __init__(
        self, name: str, log: Path, place: Place, lock: DataLock, stop_signal: signal.Signals
    ) -> None:
        """``stop_signal`` makes the server stop in order; it also gets it when we die."""
        self.name = name
        self.log = log
        self._place = place
        self._lock = lock
        self._stop_signal = stop_signal
        self._process: subprocess.Popen[bytes] | None = None

    def run_tool(self, command: list[str]) -> None:
        """Run a program that prepares the data, to its end. Raises ServerFailedError."""
        fresh_log(self.log)
        if self._popen(command).wait() != 0:
            raise ServerFailedError(f"{Path(command[0]).name} failed. {self._explanation()}")

    def start(
        self,
        preferred_port: int,
        command: Callable[[int], list[str]],
        is_ready: Callable[[int], bool],
        settings: Callable[[int], str] = lambda _port: "",
    ) -> int:
        """Start the server, wait until it answers, return its port.

        ``command`` and ``settings`` (fed to its standard input) are asked for with the port. Raises
        ServerFailedError with the end of the log.
        """
        port = free_port(preferred_port)
        for _attempt in range(_PORT_ATTEMPTS):
            fresh_log(self.log)
            self._process = self._popen(command(port), settings(port))
            if self._wait_until(is_ready, port):
                self._lock.record(self._process.pid, self._stop_signal)
                return port
            if "in use" not in self.log.read_text(errors="replace"):
                break
            port = free_port()  # Somebody took the port between our look and the server's start.
        self.stop()
        raise ServerFailedError(f"{self.name} did not start. {self._explanation()}")

    def has_ended(self) -> bool:
        """Tell whether the server ended by itself."""
        return self._process is not None and self._process.poll() is not None

    def stop(self) -> None:
        """Stop in order and wait. One that does not end in time is killed and recovers when it starts."""
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.send_signal(self._stop_signal)
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def _popen(self, command: list[str], settings: str = "") -> subprocess.Popen[bytes]:
        account = self._place.account
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd="/",
                env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"},
                pass_fds=(self._lock.fileno(),),
                start_new_session=True,  # Ctrl-C in the terminal is ours to handle.
                user=account.uid if account else None,
                group=account.gid if account else None,
                extra_groups=[] if account else None,
                preexec_fn=tethered(self._stop_signal),  # noqa: PLW1509 (two system calls, from the main thread)
            )
        assert process.stdin is not None
        with process.stdin:
            process.stdin.write(settings.encode())
        return process

    def _wait_until(self, is_ready: Callable[[int], bool], port: int) -> bool:
        assert self._process is not None
        deadline = time.monotonic() + _READY_SECONDS
        while self._process.poll() is None and time.monotonic() < deadline:
            if is_ready(port):
                return True
            time.sleep(0.02)
        return False

    def _explanation(self) -> str:
        return (
            f"The end of {self.log}:\n{last_lines(self.log)}\n"
            f"  If that does not help, move {self._place.home} away and start again with empty data."
        )
