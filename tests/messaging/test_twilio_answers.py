"""What each of Twilio's answers is taken for; above all, whether the message may have been taken."""

from __future__ import annotations

import asyncio
import threading
import uuid
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import pytest

from bot.config import settings
from bot.jobs import BULK
from bot.messaging import sending
from bot.vendors.twilio import (
    Accepted,
    Ambiguous,
    RateLimited,
    Rejected,
    Text,
    Twilio,
    Unreachable,
)
from tests.messaging import broadcast

TEXT = Text(uuid.UUID(int=7), "+15550200001", "MG" + "1" * 32, "Hello")


class Answering(ThreadingHTTPServer):
    """Gives the same answer to every request, and keeps the requests' forms."""

    daemon_threads = True
    answer: tuple[int, str, dict[str, str]] = (200, "", {})

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.forms: list[dict[str, list[str]]] = []


class _Handler(BaseHTTPRequestHandler):
    server: Answering

    def do_POST(self) -> None:
        self.server.forms.append(parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode()))
        status, body, headers = self.server.answer
        if not status:
            return  # the connection closes without an answer
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def api(database: object, monkeypatch: pytest.MonkeyPatch) -> Iterator[Answering]:
    with Answering() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        monkeypatch.setenv("TWILIO_API_BASE_URL", f"http://127.0.0.1:{server.server_port}")
        settings.cache_clear()
        yield server
        server.shutdown()
        thread.join()
        sending.close()
        monkeypatch.undo()
        settings.cache_clear()


def send(text: Text = TEXT) -> object:
    async def once() -> object:
        twilio = Twilio(settings())
        try:
            return await twilio.send(text)
        finally:
            await twilio.close()

    return asyncio.run(once())


@pytest.mark.parametrize(
    ("status", "body", "meaning"),
    [
        (201, '{"sid": "SM1", "status": "accepted"}', Accepted("SM1", "accepted")),
        (400, '{"code": 21610, "status": 400}', Rejected(21610)),
        (400, '{"code": 21617, "status": 400}', Rejected(21617)),
        (401, "<html>a proxy's page</html>", Rejected(20003)),
        (429, '{"code": 20429, "status": 429}', RateLimited(20429, None)),
        (429, "<html>slow down</html>", RateLimited(429, None)),
        (404, "<html>a proxy's page</html>", Rejected(404)),
        (201, "<html>a proxy's page</html>", Ambiguous("unreadable answer, HTTP 201")),
        (201, '["SM1"]', Ambiguous("unreadable answer, HTTP 201")),
        (201, '{"status": "accepted"}', Ambiguous("unreadable answer, HTTP 201")),
        (302, "", Ambiguous("HTTP 302")),
        (500, '{"code": 20500}', Ambiguous("HTTP 500")),
        (503, '{"code": 20503}', Ambiguous("HTTP 503")),
        (0, "", Ambiguous("ServerDisconnectedError")),
    ],
)
def test_an_answer_is_taken_for_what_it_says(api, status, body, meaning):
    api.answer = (status, body, {})
    assert send() == meaning
    assert len(api.forms) == 1, "an answer is never asked for again"


def test_retry_after_is_honoured(api):
    api.answer = (429, '{"code": 20429}', {"Retry-After": "7"})
    assert send() == RateLimited(20429, 7.0)


def test_a_refused_connection_was_never_processed(api, monkeypatch):
    monkeypatch.setenv("TWILIO_API_BASE_URL", "http://127.0.0.1:9")
    settings.cache_clear()
    assert isinstance(send(), Unreachable)


@pytest.mark.parametrize(("seconds", "asked"), [(-5, "1"), (600, "600"), (90_000, "36000")])
def test_validity_stays_within_what_twilio_takes(api, seconds, asked):
    api.answer = (201, '{"sid": "SM1", "status": "accepted"}', {})
    send(Text(TEXT.message_id, TEXT.to, TEXT.sender, TEXT.body, seconds))
    assert api.forms[0]["ValidityPeriod"] == [asked]


def test_a_text_with_a_last_moment_is_valid_until_then(api, now):
    api.answer = (201, '{"sid": "SM1", "status": "accepted"}', {})
    broadcast.create(1, now=now, expires_at=now + timedelta(minutes=10))
    sending.drain(BULK, clock=lambda: now)
    assert api.forms[0]["ValidityPeriod"] == ["600"]


def test_a_service_and_a_number_are_named_differently(api):
    api.answer = (201, '{"sid": "SM1", "status": "accepted"}', {})
    send()
    send(Text(TEXT.message_id, TEXT.to, "+15550100000", TEXT.body))
    service, number = api.forms
    assert service["MessagingServiceSid"] == [TEXT.sender]
    assert "From" not in service
    assert number["From"] == ["+15550100000"]
    assert "MessagingServiceSid" not in number


def test_no_number_is_logged(api, caplog):
    api.answer = (400, '{"code": 21211, "message": "The To number +15550200001 is not valid"}', {})
    with caplog.at_level("DEBUG"):
        send()
    assert "5550200001" not in caplog.text
