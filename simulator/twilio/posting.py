"""A small HTTP/1.1 client for posting forms over kept-alive connections: webhooks are most of the traffic."""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from dataclasses import dataclass
from typing import Final, NamedTuple, cast

import httptools

_IDLE_SECONDS: Final = 1.0
"""Connections idle for longer are not used again: gunicorn closes its own after two seconds, and a post on
a connection that the app is just closing would be lost."""


class CouldNotConnectError(Exception):
    """Nobody took the connection within the time for that: the request was not sent."""


class NoAnswerError(Exception):
    """The request was sent and no whole answer came back."""


class Origin(NamedTuple):
    """Where a connection goes."""

    scheme: str
    host: str
    port: int


@dataclass(slots=True)
class Answer:
    """An HTTP answer; header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


class Poster:
    """Posts over connections that it keeps for each origin."""

    def __init__(self) -> None:
        self._idle: dict[Origin, deque[_Connection]] = {}
        self._open: set[_Connection] = set()

    async def post(
        self, origin: Origin, target: str, headers: dict[str, str], body: bytes, *, connect_timeout: float
    ) -> Answer:
        """Post `body` to `target` (path and query) and return the answer.

        Raises CouldNotConnectError or NoAnswerError. The caller bounds the whole with asyncio.timeout.
        """
        connection = self._take(origin) or await self._connect(origin, connect_timeout)
        default = origin.port == (443 if origin.scheme == "https" else 80)
        host = f"[{origin.host}]" if ":" in origin.host else origin.host
        lines = [f"POST {target} HTTP/1.1", f"Host: {host}" if default else f"Host: {host}:{origin.port}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        lines += [f"Content-Length: {len(body)}", "", ""]
        try:
            answer, keep = await connection.exchange("\r\n".join(lines).encode() + body)
        except BaseException:
            # A cancelled or failed exchange leaves the connection in the middle of something.
            self._close(connection)
            raise
        if keep:
            connection.idle_since = asyncio.get_running_loop().time()
            self._idle.setdefault(origin, deque()).append(connection)
        else:
            self._close(connection)
        return answer

    def close(self) -> None:
        """Close every connection."""
        for connection in tuple(self._open):
            self._close(connection)
        self._idle.clear()

    def _take(self, origin: Origin) -> _Connection | None:
        idle = self._idle.get(origin)
        freshest = asyncio.get_running_loop().time() - _IDLE_SECONDS
        while idle:
            connection = idle.pop()
            if connection.is_open and connection.idle_since >= freshest:
                return connection
            self._close(connection)
        return None

    async def _connect(self, origin: Origin, connect_timeout: float) -> _Connection:
        loop = asyncio.get_running_loop()
        secure = ssl.create_default_context() if origin.scheme == "https" else None
        try:
            async with asyncio.timeout(connect_timeout):
                _, connection = await loop.create_connection(
                    _Connection, origin.host, origin.port, ssl=secure
                )
        except (OSError, TimeoutError) as error:
            raise CouldNotConnectError(str(error) or "timed out") from error
        self._open.add(connection)
        return connection

    def _close(self, connection: _Connection) -> None:
        self._open.discard(connection)
        connection.close()


class _Connection(asyncio.Protocol):
    """One connection, one exchange at a time; also what httptools calls as it parses the answer."""

    def __init__(self) -> None:
        self.idle_since = 0.0
        self.is_open = False
        self._transport: asyncio.Transport | None = None
        self._waiting: asyncio.Future[tuple[Answer, bool]] | None = None
        self._start()

    def _start(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._headers: dict[str, str] = {}
        self._body: list[bytes] = []
        self._headers_complete = False

    async def exchange(self, request: bytes) -> tuple[Answer, bool]:
        """Send a request; return its answer and whether the connection may be used again."""
        if self._transport is None or not self.is_open:
            raise NoAnswerError("the connection was closed")
        self._start()
        self._waiting = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._waiting

    def close(self) -> None:
        self.is_open = False
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self.is_open = True

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._fail(f"the answer is not HTTP: {error}")
            self.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_open = False
        framed = {"content-length", "transfer-encoding"} & self._headers.keys()
        if self._headers_complete and not framed:
            self._finish(keep=False)
        self._fail(f"the connection was closed before the answer was complete{f' ({exc})' if exc else ''}")

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        self._headers_complete = True

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        self._finish(keep=self._parser.should_keep_alive())

    def _finish(self, *, keep: bool) -> None:
        if self._waiting is not None and not self._waiting.done():
            answer = Answer(self._parser.get_status_code(), self._headers, b"".join(self._body))
            self._waiting.set_result((answer, keep))

    def _fail(self, why: str) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(NoAnswerError(why))
