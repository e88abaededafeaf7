"""The doctor names what is wrong and what to do, and goes on when half of it is."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from flask import Flask
from sqlalchemy import func, select, text, update
from werkzeug.serving import make_server

from bot import clock, db, jobs, metrics
from bot.audience import service as audience
from bot.clock import utc_now
from bot.config import settings
from bot.ids import uuid7
from bot.messaging import receipts
from bot.messaging import service as messaging
from bot.messaging.models import Receipt, Sender
from bot.sweeps import Sweeper
from simulator.twilio.client import StandIn, running
from tests.web.conftest import Run

OTHER_KEY = "MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTM="

Change = Callable[[str, str], None]


@pytest.fixture(scope="module")
def stand_in(app: Flask) -> Iterator[StandIn]:
    account = settings()
    with running(
        *("--account-sid", account.twilio_account_sid),
        *("--auth-token", account.twilio_auth_token.get_secret_value()),
        *("--messaging-service-sid", account.twilio_messaging_service_sid),
    ) as started:
        yield started


@pytest.fixture
def web(app: Flask) -> Iterator[str]:
    """The web process, over HTTP."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def healthy(
    stand_in: StandIn, web: str, change_setting: Change, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[StandIn]:
    """An installation with nothing wrong: workers, one number, the service's webhook ours."""
    stand_in.configure(app_url=web, inbound_path="/webhooks/twilio/inbound", inbound_webhook="service")
    change_setting("TWILIO_API_BASE_URL", stand_in.url)
    change_setting("PUBLIC_URL", web)
    monkeypatch.setitem(os.environ, metrics.FOLDER, str(tmp_path))
    with db.transaction() as session:
        audience.person_at(session, "+15550107000", now=utc_now())
    for lane in jobs.LANES:
        jobs.lane_lives(jobs.redis(), lane, "one")
    with Sweeper(sweeps=()) as sweeper:
        sweeper.run_due(utc_now())
        yield stand_in


def problems(run: Run) -> str:
    """What the doctor says is wrong, with what to do; asks for the exit code that belongs to it."""
    result = run("doctor")
    lines = result.stdout.splitlines()
    wrong = "\n".join(line for line in lines if not line.startswith("ok"))
    assert result.exit_code == (1 if "PROBLEM" in wrong else 0), result.output
    return wrong


@pytest.mark.usefixtures("healthy")
def test_all_is_well_and_nothing_is_left_behind(run: Run) -> None:
    assert problems(run) == "All is well."
    with db.transaction() as session:
        assert session.scalar(select(func.count()).select_from(Receipt)) == 0


@pytest.mark.usefixtures("healthy")
def test_without_a_database_it_goes_on(run: Run, change_setting: Change) -> None:
    change_setting("DATABASE_URL", "postgresql://postgres@127.0.0.1:1/nudges")
    said = run("doctor").stdout
    assert "PROBLEM  database     does not answer" in said
    assert "PROBLEM  keys         not looked at: it needs the database" in said
    assert "ok       redis" in said
    assert "ok       signature    a right one is accepted" in said


@pytest.mark.usefixtures("healthy")
def test_without_redis_it_goes_on(run: Run, change_setting: Change) -> None:
    change_setting("REDIS_URL", "redis://127.0.0.1:1/0")
    said = run("doctor").stdout
    assert "PROBLEM  redis        does not answer" in said
    assert "PROBLEM  workers      not looked at: it needs Redis" in said
    assert "ok       sweeper" in said


@pytest.mark.usefixtures("healthy")
def test_tables_of_another_time_are_named(run: Run) -> None:
    with db.engine().begin() as connection:
        before = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    try:
        assert "tables       The tables are at 0001" in problems(run)
    finally:
        with db.engine().begin() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = :it"), {"it": before})


@pytest.mark.usefixtures("healthy")
@pytest.mark.parametrize(
    ("name", "keys", "sentence"),
    [
        ("ENCRYPTION_KEYS", f"2:{OTHER_KEY}", "the oldest number can't be read: ENCRYPTION_KEYS has no key"),
        ("ENCRYPTION_KEYS", f"1:{OTHER_KEY}", "the oldest number can't be read: A stored value"),
        ("INDEX_KEYS", f"1:{OTHER_KEY}", "the oldest number is not found by its index"),
    ],
)
def test_keys_that_do_not_fit_what_is_stored_are_named(
    run: Run, change_setting: Change, name: str, keys: str, sentence: str
) -> None:
    from bot.crypto import keyring

    change_setting(name, keys)
    keyring.cache_clear()
    try:
        assert sentence in problems(run)
    finally:
        keyring.cache_clear()


@pytest.mark.usefixtures("healthy")
def test_a_clock_that_differs_from_the_database_s_is_named(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "source", lambda: datetime.now(UTC) - timedelta(seconds=30))
    assert "clocks       this one and the database's differ by 30.0 s" in problems(run)


@pytest.mark.usefixtures("healthy")
def test_a_lane_without_a_worker_and_missing_sweeps_are_named(run: Run) -> None:
    jobs.lane_ends(jobs.redis(), "bulk", "one")
    with db.engine().connect() as connection:
        # The fixture's sweeper holds it on another connection.
        connection.execute(
            text("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted")
        )
    said = problems(run)
    assert "worker       0 working the lane bulk" in said
    assert "sweeper      nobody sweeps" in said


@pytest.mark.usefixtures("healthy")
def test_what_waits_for_too_long_is_named(run: Run) -> None:
    with db.transaction() as session:
        receipts.append(
            session,
            message_id=uuid7(),
            provider_id="SM1",
            status="sent",
            error_code=None,
            now=utc_now() - timedelta(minutes=6),
        )
        messaging.add_sender(session, provider_id="MG2", now=utc_now())
        session.execute(update(Sender).values(paused_at=utc_now(), paused_reason="21703: no number"))
    said = problems(run)
    assert "queues       receipts wait since 360 s" in said
    assert "MG2 is paused: 21703" in said
    assert "senders resume MG2" in said


def test_a_service_that_posts_elsewhere_is_told_where_to(healthy: StandIn, web: str, run: Run) -> None:
    healthy.configure(inbound_path="/elsewhere")
    said = problems(run)
    assert f"inbound      texts are sent by POST to {web}/elsewhere" in said
    assert f"POST to {web}/webhooks/twilio/inbound" in said
    healthy.configure(inbound_webhook="number")
    assert "leaves texts to its numbers' own webhooks" in problems(run)


def test_a_service_without_a_number_is_named(healthy: StandIn, run: Run) -> None:
    sid = settings().twilio_messaging_service_sid
    services = healthy.configure()["services"]
    healthy.configure(services={sid: []})
    try:
        assert f"sender       {sid} has no number" in problems(run)
    finally:
        healthy.configure(services=services)


@pytest.mark.usefixtures("healthy")
@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("TWILIO_MESSAGING_SERVICE_SID", "MG" + "9" * 32, "the account has no Messaging Service MG999"),
        ("TWILIO_ACCOUNT_SID", "AC" + "9" * 32, "don't belong together"),
        ("TWILIO_API_BASE_URL", "http://127.0.0.1:1", "http://127.0.0.1:1 does not answer"),
        ("PUBLIC_URL", "http://127.0.0.1:1", "http://127.0.0.1:1 can't be reached: ConnectionError"),
    ],
)
def test_settings_that_lead_elsewhere_are_named(
    run: Run, change_setting: Change, name: str, value: str, sentence: str
) -> None:
    change_setting(name, value)
    assert sentence in problems(run)


class _Somebody(BaseHTTPRequestHandler):
    """A server that is not Nudges, and says yes to everything."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"alive: welcome")

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def log_message(self, *_: object) -> None:
        pass


@pytest.mark.usefixtures("healthy")
def test_a_web_that_lets_forged_receipts_in_is_named(run: Run, change_setting: Change) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Somebody) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        change_setting("PUBLIC_URL", f"http://127.0.0.1:{server.server_port}")
        said = problems(run)
        server.shutdown()
    assert "signature    a wrong one is answered 200, not 403" in said
    assert "signature    a right one is answered 200" in said


def test_every_mistake_in_the_environment_is_named_at_once(project_root: Path) -> None:
    broken = {**os.environ, "PUBLIC_URL": "nowhere", "ENCRYPTION_KEYS": "x", "SECRET_KEY": ""}
    result = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", "doctor"],
        cwd=project_root, env=broken, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert result.returncode != 0
    assert all(name in result.stderr for name in ("PUBLIC_URL", "ENCRYPTION_KEYS", "SECRET_KEY"))
    assert "Traceback" not in result.stderr
