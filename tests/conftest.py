"""What every test may ask for: real servers, an empty database, and a moment to call now."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from simulator.servers import Servers

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
