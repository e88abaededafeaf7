"""The web process, called as Twilio calls it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from click.testing import Result
from flask import Flask
from flask.testing import FlaskClient

from bot import db, jobs
from bot.config import settings
from simulator.servers import Servers
from tests.web.signed import Twilio
from web import create_app

CLOSED_PORT = 1

Run = Callable[..., Result]


@pytest.fixture(scope="session")
def app(servers: Servers) -> Flask:
    return create_app()


@pytest.fixture(autouse=True)
def _empty_database(database: Servers) -> None:
    """Every test of the web starts with nothing."""


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def run(app: Flask) -> Run:
    """Run a command of ``flask --app wsgi``."""
    runner = app.test_cli_runner()
    return lambda *arguments: runner.invoke(args=arguments)


@pytest.fixture
def twilio(client: FlaskClient) -> Twilio:
    return Twilio(client)


@pytest.fixture
def change_setting(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, str], None]]:
    """Change an environment variable for one test, as if the process had been started with it."""

    def forget() -> None:
        for cached in (settings, db.engine, jobs.redis):
            cached.cache_clear()

    def change(name: str, value: str) -> None:
        monkeypatch.setenv(name, value)
        forget()

    engine, redis = db.engine(), jobs.redis()
    yield change
    monkeypatch.undo()
    if db.engine() is not engine:
        db.engine().dispose()
        engine.dispose()
        redis.close()
    forget()


@pytest.fixture
def without_database(change_setting: Callable[[str, str], None]) -> None:
    change_setting("DATABASE_URL", f"postgresql+psycopg2://postgres@127.0.0.1:{CLOSED_PORT}/nudges")


@pytest.fixture
def without_redis(change_setting: Callable[[str, str], None]) -> None:
    change_setting("REDIS_URL", f"redis://127.0.0.1:{CLOSED_PORT}/0")
