"""A stand-in as a process, an app that answers its webhooks over real HTTP, and Twilio's own library."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

import pytest
from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response
from twilio.rest import Client

from simulator.twilio.client import StandIn, running
from tests.simulator.twilio.rig import ACCOUNT, NUMBER, SERVICE, TOKEN, App, Post

OPTIONS = (
    *("--account-sid", ACCOUNT, "--auth-token", TOKEN),
    *("--messaging-service-sid", SERVICE, "--number", NUMBER),
)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # One packet for an answer: two would each wait for the other end's delayed acknowledgement.
    wbufsize = -1
    app: App

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        pairs = parse_qsl(body, keep_blank_values=True, strict_parsing=True)
        answer = self.app.take(Post(self.path, dict(self.headers.items()), pairs))
        self.send_response(answer.status)
        if answer.content_type is not None:
            self.send_header("Content-Type", answer.content_type)
        if answer.status != 204:
            self.send_header("Content-Length", str(len(answer.body.encode())))
        self.end_headers()
        self.wfile.write(answer.body.encode())

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it
        pass


@pytest.fixture
def app() -> Iterator[App]:
    """An app of this test's own."""
    found = App()
    handler = type("Handler", (_Handler,), {"app": found})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        found.url = f"http://127.0.0.1:{server.server_port}"
        yield found
        server.shutdown()
        thread.join()


@pytest.fixture(scope="session")
def process() -> Iterator[StandIn]:
    """The one stand-in of this run."""
    with running(*OPTIONS) as found:
        yield found


@pytest.fixture
def stand_in(process: StandIn) -> Iterator[StandIn]:
    """The stand-in as it is when it starts, but without delays."""
    usual = process.configure()
    process.configure(seconds_to_deliver=0)
    yield process
    process.reset()
    process.configure(**usual)


@pytest.fixture
def connected(stand_in: StandIn, app: App) -> Iterator[StandIn]:
    """The stand-in, with the app to post to; its connections to the app are done with before the app ends."""
    stand_in.configure(app_url=app.url)
    yield stand_in
    stand_in.wait_for(stand_in.settled)


class _Loopback(TwilioHttpClient):
    """Twilio's own HTTP client, sent to the stand-in."""

    def __init__(self, url: str) -> None:
        super().__init__(timeout=10)
        self._url = url

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Response:
        assert url.startswith("https://api.twilio.com/")
        return super().request(method, url.replace("https://api.twilio.com", self._url), *args, **kwargs)


@pytest.fixture
def twilio(stand_in: StandIn) -> Iterator[Client]:
    """Twilio's own library, talking to the stand-in."""
    http = _Loopback(stand_in.url)
    yield Client(ACCOUNT, TOKEN, http_client=http)
    assert http.session is not None
    http.session.close()
