"""A lean HTTP/1.1 server: httptools parses, a handler answers at once or later, connections are kept."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final, Literal, cast
from urllib.parse import unquote_to_bytes

import httptools

_HEADS: Final = {
    status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Length: ".encode()
    for status in HTTPStatus
}
_BIGGEST_BODY: Final = 10_000_000


@dataclass(slots=True)
class Request:
    """One request; `query` is still encoded and header names are in lower case."""

    method: str
    path: str
    query: str
    headers: dict[bytes, bytes]
    body: bytes


@dataclass(slots=True)
class Response:
    """One answer. `fate` "drop" closes the connection without it, "hang" leaves the client waiting."""

    status: int
    body: bytes = b""
    content_type: bytes = b"application/json"
    headers: tuple[tuple[bytes, bytes], ...] = ()
    fate: Literal["send", "drop", "hang"] = "send"

    def encode(self, *, keep: bool) -> bytes:
        """The answer as it goes over the wire."""
        extra = b"".join(b"\r\n" + name + b": " + value for name, value in self.headers)
        return b"".join(
            (
                _HEADS[self.status],
                str(len(self.body)).encode(),
                b"\r\nContent-Type: ",
                self.content_type,
                extra,
                b"\r\n\r\n" if keep else b"\r\nConnection: close\r\n\r\n",
                self.body,
            )
        )


Handler = Callable[[Request], Response | Awaitable[Response]]


def answer_json(status: int, document: object) -> Response:
    """An answer with `document` as JSON."""
    return Response(status, json.dumps(document).encode())


def parse_form(encoded: str) -> dict[str, list[str]]:
    """The values of each name in a form or a query, in order; empty values are kept."""
    form: dict[str, list[str]] = {}
    for pair in encoded.split("&"):
        if pair:
            name, _, value = pair.partition("=")
            form.setdefault(_decode(name), []).append(_decode(value))
    return form


def _decode(part: str) -> str:
    if "+" in part:
        part = part.replace("+", " ")
    return unquote_to_bytes(part).decode("utf-8", "replace") if "%" in part else part


class Server:
    """Serves `handler` on one address."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._connections: set[_Connection] = set()
        self._server: asyncio.Server | None = None
        self.requests = 0

    async def start(self, host: str, port: int) -> int:
        """Listen and return the port, which the system picks when `port` is 0."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Connection(self), host, port, backlog=2048)
        return cast(int, self._server.sockets[0].getsockname()[1])

    def stop(self) -> None:
        """Stop listening and close every connection."""
        if self._server is not None:
            self._server.close()
        for connection in tuple(self._connections):
            connection.close()

    def release_hanging(self) -> None:
        """Close the connections that a fault has left waiting for an answer."""
        for connection in tuple(self._connections):
            if connection.hanging:
                connection.close()

    def handle(self, request: Request) -> Response | Awaitable[Response]:
        """Count `request` and pass it to the handler."""
        self.requests += 1
        return self._handler(request)

    def opened(self, connection: _Connection) -> None:
        """Remember a connection."""
        self._connections.add(connection)

    def closed(self, connection: _Connection) -> None:
        """Forget a connection."""
        self._connections.discard(connection)


class _Connection(asyncio.Protocol):
    """One client's connection: its requests are answered one after another, in order."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpRequestParser(self)
        self._arrived: deque[tuple[Request, bool]] = deque()
        self._task: asyncio.Task[None] | None = None
        self._url = b""
        self._headers: dict[bytes, bytes] = {}
        self._body: list[bytes] = []
        self.hanging = False

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._server.opened(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio names it
        self._server.closed(self)
        if self._task is not None:
            self._task.cancel()

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._write(Response(400, b'{"message": "The request is not HTTP."}'), keep=False)
            return
        if self._task is None:
            self._answer_arrived()

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.lower()] = value

    def on_headers_complete(self) -> None:
        if self._headers.get(b"expect", b"").lower() == b"100-continue" and self._transport is not None:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        self._body.append(body)
        if sum(map(len, self._body)) > _BIGGEST_BODY:
            self.close()

    def on_message_complete(self) -> None:
        path, _, query = self._url.decode("latin-1").partition("?")
        method = self._parser.get_method().decode("latin-1")
        body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
        request = Request(method, path, query, self._headers, body)
        self._arrived.append((request, self._parser.should_keep_alive()))
        self._url, self._headers, self._body = b"", {}, []

    def _answer_arrived(self) -> None:
        """Answer what can be answered at once; the rest waits for the task of an answer that takes time."""
        while self._arrived and not self.hanging:
            request, keep = self._arrived.popleft()
            answered = False
            try:
                response = self._server.handle(request)
                answered = True
            finally:
                # A handler that raises is a defect: the loop logs it, and the client is not left waiting.
                if not answered:
                    self.close()
            if not isinstance(response, Response):
                self._task = asyncio.ensure_future(self._answer_later(response, keep=keep))
                return
            self._write(response, keep=keep)

    async def _answer_later(self, response: Awaitable[Response], *, keep: bool) -> None:
        answered = False
        try:
            self._write(await response, keep=keep)
            answered = True
        finally:
            self._task = None
            if not answered:
                self.close()
        self._answer_arrived()

    def _write(self, response: Response, *, keep: bool) -> None:
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        if response.fate == "hang":
            self.hanging = True
        elif response.fate == "drop":
            transport.abort()
        else:
            transport.write(response.encode(keep=keep))
            if not keep:
                transport.close()


def header(request: Request, name: bytes) -> str:
    """A header's value, or an empty string."""
    return request.headers.get(name, b"").decode("latin-1")


def first_values(encoded: str) -> dict[str, Any]:
    """The first value of each name in a query."""
    return {name: values[0] for name, values in parse_form(encoded).items()}
