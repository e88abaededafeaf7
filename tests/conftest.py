"""What every test may ask for: real servers, an empty database, and a moment to call now."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy.orm import Session

from simulator.servers import Servers
from tests.browser import chromium

if TYPE_CHECKING:
    from playwright.sync_api import Browser

NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)

SETTINGS = {
    "PUBLIC_URL": "https://nudges.example",
    "SECRET_KEY": "a secret for tests only",
    "ENCRYPTION_KEYS": "1:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
    "INDEX_KEYS": "1:MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI=",
    "TWILIO_ACCOUNT_SID": "AC" + "1" * 32,
    "TWILIO_AUTH_TOKEN": "a token for tests only",
    "TWILIO_MESSAGING_SERVICE_SID": "MG" + "1" * 32,
    "TWILIO_API_BASE_URL": "http://127.0.0.1:9",  # nobody listens there: a test that sends names its stand-in
}


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """Real Postgres and Valkey for this run, migrated, with the environment that points there."""
    with Servers(tmp_path_factory.mktemp("servers"), durable=False, keep=False) as started:
        os.environ.update(SETTINGS, DATABASE_URL=started.database_url, REDIS_URL=started.redis_url)
        from bot import db, migrations

        migrations.upgrade()
        yield started
        db.engine().dispose()


@pytest.fixture
def database(servers: Servers) -> Servers:
    """An empty database and an empty Redis."""
    from bot import db, jobs, tables

    with db.engine().begin() as connection:
        # Fifteen times as fast as TRUNCATE, which makes new files for every table and index.
        for table in reversed(tables.metadata.sorted_tables):
            connection.execute(table.delete())
    jobs.redis().flushdb()
    return servers


@pytest.fixture
def session(database: Servers) -> Iterator[Session]:
    """A transaction over an empty database; it is rolled back at the end."""
    from bot import db

    with Session(db.engine(), expire_on_commit=False) as opened:
        yield opened
        opened.rollback()


@pytest.fixture
def now() -> datetime:
    """A moment, with its zone."""
    return NOW


@pytest.fixture
def project_root() -> Path:
    """Where the project lies."""
    return Path(__file__).parent.parent


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A real browser, headless; without one, what asks for it is skipped and named at the end.

    Of the module, not of the run: while it is open, no other test of this process could have an event loop.
    """
    path = chromium.find()
    if path is None:
        pytest.skip(chromium.MISSING)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=list(chromium.OPTIONS))
        yield launched
        launched.close()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the long form of the crash tests to ``make crash``."""
    if "CRASH_RECIPIENTS" in os.environ:
        return
    left_out = [item for item in items if item.get_closest_marker("crash")]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """End by naming what was not checked."""
    passed = terminalreporter.getreports("passed")
    if "CRASH_RECIPIENTS" not in os.environ and any("test_crash_table" in each.nodeid for each in passed):
        terminalreporter.line("The crash tests ran in their short form; the long one is `make crash`.")
    skipped = terminalreporter.getreports("skipped")
    unseen = [report.nodeid for report in skipped if chromium.MISSING in report.longreprtext]
    if unseen:
        terminalreporter.section("not checked", yellow=True)
        terminalreporter.line(
            f"{len(unseen)} tests of pages in a real browser, because {chromium.MISSING.partition(': ')[2]}."
            " Install it (apt install chromium) and run make test again. They are:"
        )
        for name in unseen:
            terminalreporter.line(f"  {name}")
