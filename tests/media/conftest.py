"""A host of files over real HTTP, in the place of Twilio's API, that behaves as a test asks."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from bot.config import settings
from simulator.servers import Servers

JPEG = b"\xff\xd8\xff\xe0 a picture " + bytes(range(256)) * 40


class Host:
    """What is asked for, and what is answered: files by path, and paths that go wrong."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {"/picture": JPEG}
        self.redirects: dict[str, str] = {}
        self.statuses: dict[str, int] = {}
        self.broken_off: set[str] = set()
        self.endless: set[str] = set()
        self.dribbling: set[str] = set()
        self.asked: list[tuple[str, str | None]] = []
        self.sent = 0
        self.released = threading.Event()
        self.url = ""


class _Server(ThreadingHTTPServer):
    host = Host()

    def handle_error(self, *_: object) -> None:
        """Whoever asked has hung up, which is what several tests are about."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        host, path = self.server.host, self.path
        host.asked.append((path, self.headers["Authorization"]))
        if path in host.redirects:
            self._begin(307, ("Location", host.redirects[path]))
        elif path in host.endless:
            self._begin(200)
            self._send_for_ever()
        elif path in host.dribbling:
            self._begin(200, ("Content-Length", "100"))
            self.wfile.write(JPEG[:10])
            self.wfile.flush()
            host.released.wait(30)
        else:
            content = host.files.get(path, b"")
            self._begin(host.statuses.get(path, 200), ("Content-Length", str(len(content))))
            self.wfile.write(content[: len(content) // 2] if path in host.broken_off else content)

    def _begin(self, status: int, *headers: tuple[str, str]) -> None:
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()

    def _send_for_ever(self) -> None:
        try:
            while True:
                self.wfile.write(JPEG * 10)
                self.server.host.sent += len(JPEG) * 10
        except OSError:
            pass  # whoever asked has had enough

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def host(servers: Servers, monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    """The host, which settings call Twilio's API."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        made = server.host = Host()
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        made.url = f"http://127.0.0.1:{server.server_port}"
        monkeypatch.setenv("TWILIO_API_BASE_URL", made.url)
        settings.cache_clear()
        yield made
        made.released.set()
        server.shutdown()
        thread.join()
    monkeypatch.undo()
    settings.cache_clear()
