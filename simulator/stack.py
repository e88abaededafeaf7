"""All of Nudges on this machine: servers, the Twilio stand-in, web and worker, each a process of its own.

with Stack(tmp_path, durable=False, keep=False) as stack:
    requests.get(stack.app_url + "/readyz")
    stack.processes.kill("worker")
"""

import http.client
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from simulator.clock import Clock
from simulator.environment import child_environment, development_settings
from simulator.lock import AlreadyRunningError
from simulator.places import PlaceError
from simulator.ports import free_port, hold_port, port_of
from simulator.processes import ProcessEndedError, Processes
from simulator.server_process import ServerFailedError
from simulator.servers import Servers

PROJECT = Path(__file__).resolve().parent.parent
_READY_SECONDS = 60.0


class NotReadyError(RuntimeError):
    """A process runs but does not answer."""


#: What may keep a stack from starting or going on; each says what happened and what to do.
FAILURES = (AlreadyRunningError, NotReadyError, PlaceError, ProcessEndedError, ServerFailedError)


class Stack:
    """What `make run` starts, for anything that wants the whole of it.

    ``env`` is what web and worker were started with; ``clock`` is the one they go by, and can jump ahead;
    ``processes`` has "twilio", "web", "worker" and, where wanted, "phones" to kill, stop and restart by name.
    """

    app_url: str
    standin_url: str
    phones_url: str = ""
    clock: Clock
    env: dict[str, str]
    processes: Processes

    def __init__(
        self,
        root: Path,
        *,
        ports: tuple[int, int] = (0, 0),
        durable: bool = True,
        keep: bool = True,
        seed: bool = True,
        phones: int | None = None,
        settings: Mapping[str, str] | None = None,
        show: bool = False,
        say: Callable[[str], None] = lambda _line: None,
    ) -> None:
        """Data, logs and keys live under ``root``/var.

        ``ports`` are preferred for the app and for the stand-in (another one is taken when one is in use),
        ``durable`` and ``keep`` are those of Servers, ``phones`` is the phone page's preferred port (no page
        without one), ``settings`` win over generated ones (and nothing else of our own environment reaches
        Nudges), ``show`` copies the processes' output to ours, ``say`` is told the progress.
        """
        self._root = root.resolve()
        self.clock = Clock(self._root / "var" / "clock")
        self._ports = ports
        self._durable = durable
        self._keep = keep
        self._seed = seed
        self._phones = phones
        self._settings = dict(settings or {})
        self._show = show
        self._say = say
        self._cleanup = ExitStack()
        self._servers: Servers | None = None

    def start(self) -> None:
        """Start everything and wait until it answers; on any failure stop what was started, and raise.

        Raises one of FAILURES.
        """
        with ExitStack() as cleanup:
            addresses = self._start_servers(cleanup)
            app_port = cleanup.enter_context(hold_port(self._ports[0]))
            standin_port = free_port(self._ports[1])
            self.app_url = f"http://127.0.0.1:{port_of(app_port)}"
            self.standin_url = f"http://127.0.0.1:{standin_port}"
            addresses |= {
                "PUBLIC_URL": self.app_url,
                "TWILIO_API_BASE_URL": self.standin_url,
                "PROMETHEUS_MULTIPROC_DIR": str(self._root / "var" / "metrics"),
            }
            made = development_settings(self._root / "var" / "env", addresses)
            self.env = child_environment({**made, **self._settings})
            self.processes = Processes(PROJECT, self._root / "var" / "log", show=self._show)
            # Web and worker first: what they are sending must still find the stand-in.
            cleanup.callback(self.processes.stop, "twilio")
            cleanup.callback(self.processes.stop, "phones", "web", "worker")
            self._start_processes(app_port, standin_port)
            self._cleanup = cleanup.pop_all()

    def check(self) -> None:
        """Raise ProcessEndedError or ServerFailedError when something ended by itself."""
        self.processes.check()
        if self._servers is not None:
            self._servers.check()

    def stop(self) -> None:
        """Stop everything in order. Stopping what is stopped does nothing."""
        self._cleanup.close()

    def __enter__(self) -> Self:
        """Start, as a context manager."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stop, whatever happened."""
        self.stop()

    def _start_servers(self, cleanup: ExitStack) -> dict[str, str]:
        if {"DATABASE_URL", "REDIS_URL"} <= self._settings.keys():
            (self._root / "var" / "log").mkdir(parents=True, exist_ok=True)
            return {}
        self._say("PostgreSQL and Valkey …")
        self._servers = cleanup.enter_context(Servers(self._root, durable=self._durable, keep=self._keep))
        return {"DATABASE_URL": self._servers.database_url, "REDIS_URL": self._servers.redis_url}

    def _start_processes(self, app_port: socket.socket, standin_port: int) -> None:
        python = sys.executable
        options = [
            "--port",
            str(standin_port),
            "--app-url",
            self.app_url,
            "--public-url",
            self.env["PUBLIC_URL"],
        ]
        self.processes.start("twilio", [python, "-m", "simulator.twilio", *options], self.env)
        self._say("Tables …")
        self.processes.run("migrate", [python, "-m", "flask", "--app", "wsgi", "db-upgrade"], self.env)
        if self._seed:
            self._say("Demo data …")
            self.processes.run("seed", [python, "-m", "simulator.seed"], self.env)
        self._say("Web and worker …")
        app_port.close()
        clocked = [python, "-m", "simulator.clocked", str(self.clock.path)]
        self.processes.start("web", [*clocked, *_gunicorn(self.app_url)], self.env)
        self.processes.start("worker", [*clocked, "worker.py"], self.env)
        self._wait_for("twilio", f"{self.standin_url}/_simulator/stats")
        if self._phones is not None:
            self._start_phones(self._phones)
            self._wait_for("phones", self.phones_url)
        self._wait_for("web", f"{self.app_url}/readyz")

    def _start_phones(self, preferred_port: int) -> None:
        port = free_port(preferred_port)
        self.phones_url = f"http://127.0.0.1:{port}"
        options = ["--port", str(port), "--standin", self.standin_url, "--clock", str(self.clock.path)]
        command = [sys.executable, "-m", "simulator.phones", *options]
        self.processes.start(
            "phones", [*command, "--book", str(self._root / "var" / "phones.json")], self.env
        )

    def _wait_for(self, name: str, url: str) -> None:
        deadline = time.monotonic() + _READY_SECONDS
        while not _answers(url):
            self.check()
            if time.monotonic() > deadline:
                log = self._root / "var" / "log" / f"{name}.log"
                raise NotReadyError(
                    f"{name} runs, but {url} did not answer 200 within {_READY_SECONDS:.0f} s. See {log}"
                )
            time.sleep(0.05)
        self.check()


def _gunicorn(url: str) -> list[str]:
    """Serve as the Procfile does, on loopback only."""
    address = url.removeprefix("http://")
    options = (
        f"--worker-class gthread --workers 2 --threads 8 --reuse-port --graceful-timeout 5 --bind {address}"
    )
    return ["-m", "gunicorn", "wsgi:app", "--no-control-socket", *options.split()]


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 (our own address)
            return bool(answer.status == 200)
    except (urllib.error.URLError, http.client.HTTPException, OSError):
        return False
