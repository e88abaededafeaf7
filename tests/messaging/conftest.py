"""A Twilio stand-in as a process, and a webhook that keeps its receipts, over real HTTP."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from bot import db
from bot.config import settings
from bot.messaging import receipts, sending
from simulator.servers import Servers
from simulator.twilio.client import StandIn, running

NUMBER = "+15550100000"


class _StatusWebhook(BaseHTTPRequestHandler):
    """Appends what it is told, as the web process does."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        with db.transaction() as session:
            receipts.append(
                session,
                message_id=uuid.UUID(parse_qs(urlsplit(self.path).query)["m"][0]),
                provider_id=form["MessageSid"][0],
                status=form["MessageStatus"][0],
                error_code=int(form["ErrorCode"][0]) if "ErrorCode" in form else None,
                now=datetime.now(UTC),
            )
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="session")
def status_webhook() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _StatusWebhook) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="session")
def _stand_in(servers: Servers, status_webhook: str) -> Iterator[StandIn]:
    # It asks for the webhook only to end before it: a late receipt must not find the database gone.
    account = settings()
    with running(
        *("--account-sid", account.twilio_account_sid),
        *("--auth-token", account.twilio_auth_token.get_secret_value()),
        *("--messaging-service-sid", account.twilio_messaging_service_sid),
        *("--number", NUMBER),
    ) as stand_in:
        stand_in.configure(seconds_to_deliver=0)
        yield stand_in


@pytest.fixture
def twilio(
    database: Servers, _stand_in: StandIn, status_webhook: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[StandIn]:
    """The stand-in, freshly emptied, and settings that lead to it. No receipts come unless a test asks."""
    _stand_in.reset()
    _stand_in.fail("missing_receipts")
    monkeypatch.setenv("TWILIO_API_BASE_URL", _stand_in.url)
    monkeypatch.setenv("PUBLIC_URL", status_webhook)
    settings.cache_clear()
    yield _stand_in
    sending.close()
    monkeypatch.undo()
    settings.cache_clear()


@pytest.fixture
def short_leases(twilio: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leases that run out soon, for tests about just that: a busy machine may lose any of them."""
    monkeypatch.setenv("LEASE_SECONDS", "2")
    settings.cache_clear()


@pytest.fixture
def now() -> datetime:
    """The real time: sending runs in processes of its own, by their own clocks."""
    return datetime.now(UTC)
