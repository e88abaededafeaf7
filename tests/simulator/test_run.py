"""`make run`: it comes up, tells where, survives mistakes, and takes everything down however it ends.

It runs here in a small project: our simulator with an app and a worker of a few lines, because what is tested
is the starting and stopping of processes.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from simulator import places, processes
from simulator.environment import SETTINGS, child_environment, development_settings, settings_in
from simulator.processes import ProcessEndedError, Processes
from simulator.running import find_running
from simulator.stack import PROJECT
from tests.simulator.waiting import all_ended, wait_until

WSGI = """
import os, pathlib, flask
app = flask.Flask(__name__)

@app.cli.command("db-upgrade")
def upgrade():
    if pathlib.Path("migration-is-broken").exists():
        raise SystemExit("relation already exists")

@app.get("/readyz")
def ready():
    return {name: os.environ[name] for name in ("PUBLIC_URL", "TWILIO_API_BASE_URL", "ENCRYPTION_KEYS")}
"""
WORKER = "import signal\nprint('worker is here', flush=True)\nsignal.pause()\n"
SEED = "print('seeded')\n"
PHONES = """
import http.server, sys
address = ("127.0.0.1", int(sys.argv[sys.argv.index("--port") + 1]))
http.server.HTTPServer(address, http.server.SimpleHTTPRequestHandler).serve_forever()
"""
MAKE = "import subprocess, sys; subprocess.run(sys.argv[1:])"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The small project. Its data stays from test to test, as it would for a developer."""
    folder = tmp_path_factory.mktemp("project")
    shutil.copytree(PROJECT / "simulator", folder / "simulator", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "bot").mkdir()
    for name in ("__init__.py", "clock.py"):
        shutil.copy(PROJECT / "bot" / name, folder / "bot" / name)
    programs = {
        "wsgi.py": WSGI,
        "worker.py": WORKER,
        "simulator/seed.py": SEED,
        "simulator/phones/__main__.py": PHONES,
    }
    for name, text in programs.items():
        (folder / name).write_text(text)
    yield folder
    shutil.rmtree(places.find_place(folder, keep=True).home)  # For root it is not inside the project folder.


def hear_ctrl_c() -> None:
    """As in a terminal. What a shell starts with ``&``, these tests perhaps, ignores it from birth."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Run:
    """A `make run` in the small project, up and ready."""

    def __init__(self, project: Path, **environment: str) -> None:
        inherited = {name: value for name, value in os.environ.items() if name not in SETTINGS}
        self.project = project
        self.popen = subprocess.Popen(
            [sys.executable, "-m", "simulator", "run", "--port", "0"],
            cwd=project,
            env={**inherited, "PYTHONWARNINGS": "default", **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            preexec_fn=hear_ctrl_c,  # noqa: PLW1509 (one system call, from the main thread)
        )
        self.output = ""

    def read_until(self, text: str) -> None:
        assert self.popen.stdout is not None
        while text not in self.output:
            line = self.popen.stdout.readline()
            assert line, f"it ended without saying {text!r}:\n{self.output}"
            self.output += line

    def family(self) -> list[psutil.Process]:
        return psutil.Process(self.popen.pid).children(recursive=True)

    def end(self) -> tuple[int, str]:
        """Wait for the end; return the exit code and everything that was printed."""
        rest, _ = self.popen.communicate(timeout=30)
        self.output += rest
        return self.popen.returncode, self.output


@pytest.fixture
def start(project: Path) -> Iterator[Callable[[], Run]]:
    """Start one in the small project; what a test leaves running is killed after it."""
    started: list[Run] = []

    def start_one() -> Run:
        started.append(Run(project))
        return started[-1]

    yield start_one
    for run in started:
        with run.popen as process:
            process.kill()


def test_it_says_ready_answers_and_leaves_nothing_on_ctrl_c(project: Path, start: Callable[[], Run]) -> None:
    run = start()
    run.read_until("Phones  ")
    family = run.family()
    assert {"postgres", "valkey-server"} <= {process.name() for process in family}
    running = find_running(project)
    assert running is not None
    assert running.pid == run.popen.pid
    with urllib.request.urlopen(f"{running.app_url}/readyz") as answer:
        told = json.load(answer)
    phones = re.search(r"Phones +(http://127\.0\.0\.1:\d+)", run.output)
    assert phones is not None
    assert urllib.request.urlopen(phones[1]).status == 200
    assert (told["PUBLIC_URL"], told["TWILIO_API_BASE_URL"]) == (running.app_url, running.standin_url)
    assert (project / "var" / "env").stat().st_mode & 0o777 == 0o600

    second = start()
    code, output = second.end()
    assert code == 1
    assert f"already runs from this folder, as process {run.popen.pid}" in output
    assert find_running(project) == running, "the refused one must not remove what the first one wrote"

    run.popen.send_signal(signal.SIGINT)
    code, output = run.end()
    assert code == 0, output
    assert "seeded" in output
    assert "worker is here" in output
    assert all_ended(family)
    assert find_running(project) is None


def test_killing_it_leaves_no_process_and_the_file_it_left_misleads_nobody(
    project: Path, start: Callable[[], Run]
) -> None:
    run = start()
    run.read_until("Ready after")
    family = run.family()
    run.popen.kill()
    run.end()
    assert all_ended(family)
    assert (project / "var" / "run.json").exists()
    assert find_running(project) is None


def test_a_worker_that_dies_is_named_and_everything_stops(start: Callable[[], Run]) -> None:
    run = start()
    run.read_until("Ready after")
    family = run.family()
    next(process for process in family if process.cmdline()[-1] == "worker.py").kill()
    code, output = run.end()
    assert code == 1
    assert "worker was killed by SIGKILL" in output
    assert "    worker is here" in output, "the end of its log belongs to the message"
    assert all_ended(family)


def test_a_migration_that_fails_is_shown_and_nothing_stays(project: Path, start: Callable[[], Run]) -> None:
    (project / "migration-is-broken").touch()
    run = start()
    run.read_until("Tables")
    family = run.family()
    code, output = run.end()
    (project / "migration-is-broken").unlink()
    assert code == 1
    assert "migrate ended with exit code 1" in output
    assert "    relation already exists" in output
    assert all_ended(family)


def test_when_make_is_killed_everything_it_started_stops(project: Path, tmp_path: Path) -> None:
    output = tmp_path / "output"  # Not a pipe: writing to a broken one would end it as well.
    with (
        output.open("w") as file,
        subprocess.Popen(
            [sys.executable, "-c", MAKE, sys.executable, "-m", "simulator", "run", "--port", "0"],
            cwd=project,
            env={**child_environment({}), "MAKELEVEL": "1"},
            stdout=file,
        ) as make,
    ):
        assert wait_until(lambda: "Tables" in output.read_text())
        family = psutil.Process(make.pid).children(recursive=True)
        make.kill()
    assert all_ended(family)
    assert "Stopping" in output.read_text()


def test_what_a_shell_has_set_wins_in_run_and_reaches_no_test(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://production/nudges")
    assert settings_in(os.environ)["DATABASE_URL"] == "postgresql://production/nudges"
    made = development_settings(tmp_path / "env", {"REDIS_URL": "redis://127.0.0.1:1/0"})
    environment = child_environment(made)
    assert "DATABASE_URL" not in environment
    assert environment["PATH"] == os.environ["PATH"]
    again = development_settings(tmp_path / "env", {"REDIS_URL": "redis://127.0.0.1:2/0"})
    assert again == {**made, "REDIS_URL": "redis://127.0.0.1:2/0"}


def test_a_process_that_ignores_sigterm_is_killed_with_its_children(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "_STOP_SECONDS", 0.2)
    children = Processes(tmp_path, tmp_path, show=False)
    children.start("deaf", ["sh", "-c", "trap '' TERM; sleep 60 & echo up; wait; wait"], os.environ)
    log = tmp_path / "deaf.log"
    assert wait_until(lambda: log.exists() and "up" in log.read_text())
    family = psutil.Process(children.pid("deaf")).children()
    assert len(family) == 1
    children.stop("deaf")
    assert all_ended(family)


def test_a_killed_process_can_be_started_again_and_only_unplanned_ends_are_failures(tmp_path: Path) -> None:
    children = Processes(tmp_path, tmp_path, show=False)
    children.start("sleeper", ["sleep", "60"], os.environ)
    first = children.pid("sleeper")
    children.kill("sleeper")
    children.check()
    children.restart("sleeper")
    assert children.pid("sleeper") != first
    psutil.Process(children.pid("sleeper")).kill()
    with pytest.raises(ProcessEndedError, match="sleeper was killed by SIGKILL"):
        wait_until(lambda: children.check() is not None)


def test_make_without_a_new_enough_python_says_what_to_do() -> None:
    make = subprocess.run(
        ["make", "run", "PYTHON=false"], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    assert make.returncode == 2
    assert "needs Python 3.11 or newer" in make.stderr
    assert "make run PYTHON=" in make.stderr


@pytest.mark.parametrize(
    ("printed", "code", "last_line"),
    [
        ("== 12 passed, 1 skipped in 3.21s ==", 0, "== 12 passed, 1 skipped in 3.21s =="),
        (
            "== 1 failed, 12 passed in 63.21s (0:01:03) ==\nmake: *** Error 1",
            2,
            "== 1 failed, 12 passed in 63.21s (0:01:03) ==",
        ),
        ("make: *** Error 1", 2, "0 passed, 1 failed"),
    ],
)
def test_the_last_line_of_ci_says_how_the_tests_went(
    tmp_path: Path, printed: str, code: int, last_line: str
) -> None:
    make = tmp_path / "make"
    make.write_text(f"#!/bin/sh\ncat <<'END'\n{printed}\nEND\nexit {code}\n")
    make.chmod(0o755)
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    ci = subprocess.run(
        ["bash", PROJECT / ".ci" / "run"], env=environment, capture_output=True, text=True, check=False
    )
    assert ci.returncode == code
    assert ci.stdout.splitlines()[-1] == last_line


@pytest.mark.parametrize("port", ["web", "70000"])
def test_what_is_no_port_is_told_in_a_sentence(port: str) -> None:
    command = [sys.executable, "-m", "simulator", "run"]
    environment = {**os.environ, "PORT": port}
    result = subprocess.run(
        command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False
    )
    assert result.returncode == 2
    assert f"{port} is not a port" in result.stderr
