"""Processes of ours: tethered to us, their output shown and logged, watched, stopped in order."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import psutil

from simulator.logs import fresh_log, last_lines
from simulator.tether import tethered

_COLOURS = (36, 33, 35, 32, 34)
_STOP_SECONDS = 10.0


class ProcessEndedError(RuntimeError):
    """A process that should run has ended; the message has the end of its log."""


@dataclass
class _Child:
    name: str
    command: list[str]
    environment: Mapping[str, str]
    log: Path
    colour: int
    process: subprocess.Popen[bytes]
    reader: threading.Thread
    wanted: bool = True  # False once it was stopped or killed on purpose.


class Processes:
    """Named children in one folder of logs. Use it from the main thread."""

    def __init__(self, folder: Path, logs: Path, *, show: bool) -> None:
        """``folder`` is where they run; ``show`` copies their output to our own, each line under its name."""
        self._folder = folder
        self._logs = logs
        self._show = show
        self._children: dict[str, _Child] = {}

    def start(self, name: str, command: list[str], environment: Mapping[str, str]) -> None:
        """Start ``command`` under a name of your choice."""
        log = fresh_log(self._logs / f"{name}.log")
        self._launch(name, command, environment, log)

    def run(self, name: str, command: list[str], environment: Mapping[str, str]) -> None:
        """Run ``command`` to its end. Raises ProcessEndedError when it fails."""
        self.start(name, command, environment)
        child = self._children[name]
        try:
            code = child.process.wait()
        except BaseException:  # Ctrl-C: it must not outlive us.
            _stop([child])
            raise
        child.reader.join(timeout=1)
        child.wanted = False
        if code != 0:
            raise _ended(child)

    def pid(self, name: str) -> int:
        """Return the process id of a child."""
        return self._children[name].process.pid

    def check(self) -> None:
        """Raise ProcessEndedError when a child has ended that nobody stopped."""
        for child in self._children.values():
            if child.wanted and child.process.poll() is not None:
                child.reader.join(timeout=1)
                raise _ended(child)

    def stop(self, *names: str) -> None:
        """Stop these together: SIGTERM, and SIGKILL after ten seconds. Those not running are skipped."""
        _stop([child for name, child in self._children.items() if name in names and child.wanted])

    def kill(self, name: str) -> None:
        """End a child with SIGKILL, as a crash would; its own children notice for themselves."""
        child = self._children[name]
        child.wanted = False
        child.process.kill()
        child.process.wait()

    def restart(self, name: str) -> None:
        """Start a child again, with the same command and log; stop it in order first when it runs."""
        self.stop(name)
        child = self._children[name]
        self._launch(name, child.command, child.environment, child.log)

    def _launch(self, name: str, command: list[str], environment: Mapping[str, str], log: Path) -> None:
        process = subprocess.Popen(
            command,
            cwd=self._folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C in the terminal is ours to handle.
            preexec_fn=tethered(signal.SIGTERM),  # noqa: PLW1509 (two system calls, from the main thread)
        )
        colour = _COLOURS[len(self._children) % len(_COLOURS)]
        assert process.stdout is not None
        reader = threading.Thread(target=self._relay, args=(name, colour, process.stdout, log), daemon=True)
        self._children[name] = _Child(name, command, environment, log, colour, process, reader)
        reader.start()

    def _relay(self, name: str, colour: int, output: IO[bytes], log: Path) -> None:
        show = self._show
        with output, log.open("ab") as file:
            for line in output:
                file.write(line)
                file.flush()
                if show:
                    try:
                        print(_prefixed(name, colour, line), flush=True)
                    except OSError:  # Our terminal is gone; go on reading, or the child would block.
                        show = False


def _ended(child: _Child) -> ProcessEndedError:
    code = child.process.returncode
    how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
    return ProcessEndedError(f"{child.name} {how}. The end of {child.log}:\n{last_lines(child.log)}")


def _prefixed(name: str, colour: int, line: bytes) -> str:
    text = line.decode(errors="replace").rstrip()
    label = f"{name:>8} │"
    if sys.stdout.isatty() and "NO_COLOR" not in os.environ:
        label = f"\033[{colour}m{label}\033[0m"
    return f"{label} {text}"


def _stop(children: list[_Child]) -> None:
    families = {child.name: _family(child.process.pid) for child in children}
    for child in children:
        child.wanted = False
        child.process.terminate()
    deadline = time.monotonic() + _STOP_SECONDS
    for child in children:
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.process.wait(max(0.0, deadline - time.monotonic()))
        for member in families[child.name]:
            with contextlib.suppress(psutil.NoSuchProcess):
                member.kill()  # psutil knows by the start time when the id is a stranger's by now.
        child.process.wait()
        child.reader.join(timeout=1)


def _family(pid: int) -> list[psutil.Process]:
    try:
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []
