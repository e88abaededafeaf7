"""Settings: every mistake in the environment is named at once, and no secret with it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bot.config import ConfigurationError, Settings, settings
from tests.conftest import SETTINGS

COMPLETE = {
    **SETTINGS,
    "DATABASE_URL": "postgresql://postgres@127.0.0.1/nudges",
    "REDIS_URL": "redis://127.0.0.1:6379/0",
}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """An environment with all that is needed; settings are read afresh, then and afterwards."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in COMPLETE.items():
        monkeypatch.setenv(name, value)
    settings.cache_clear()
    yield monkeypatch
    monkeypatch.undo()
    settings.cache_clear()


def complaint() -> str:
    with pytest.raises(ConfigurationError) as caught:
        settings()
    return str(caught.value)


def test_a_complete_environment_is_read(environment):
    found = settings()
    assert found.database_url == "postgresql+psycopg2://postgres@127.0.0.1/nudges"
    assert found.lease_seconds == 60
    assert list(found.encryption_keys) == [1]


def test_every_variable_that_is_missing_is_named_at_once(environment):
    for name in COMPLETE:
        environment.delenv(name)
    said = complaint()
    for name in set(COMPLETE) - {"TWILIO_API_BASE_URL"}:
        assert f"{name} is not set." in said
    assert "make run" in said


def test_mistakes_and_omissions_are_named_together(environment):
    environment.delenv("SECRET_KEY")
    environment.setenv("TWILIO_ACCOUNT_SID", "AC1")
    environment.setenv("LEASE_SECONDS", "soon")
    said = complaint()
    assert all(name in said for name in ("SECRET_KEY is not set", "TWILIO_ACCOUNT_SID:", "LEASE_SECONDS:"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ENCRYPTION_KEYS", "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="),
        ("ENCRYPTION_KEYS", "1:c2hvcnQ="),
        ("ENCRYPTION_KEYS", "0:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="),
        ("INDEX_KEYS", "1:not base64!"),
        ("DATABASE_URL", "mysql://hunter2secretpassword@127.0.0.1/nudges"),
        ("SECRET_KEY", "hunter2"),
        ("PUBLIC_URL", "nudges.example"),
        ("RETENTION_DAYS", "29"),
        ("TWILIO_MESSAGING_SERVICE_SID", "AC" + "1" * 32),
    ],
)
def test_a_value_that_can_not_be_used_is_named_but_not_shown(environment, name, value):
    environment.setenv(name, value)
    said = complaint()
    assert f"{name}:" in said
    assert value[:8] not in said, "not even its beginning: that may be of a key"


def test_urls_are_read_without_their_last_slash_and_with_the_driver_named(environment):
    environment.setenv("PUBLIC_URL", "https://nudges.example/")
    environment.setenv("DATABASE_URL", "postgres://u:p@db/nudges?sslmode=require")
    assert settings().public_url == "https://nudges.example"
    assert settings().database_url == "postgresql+psycopg2://u:p@db/nudges?sslmode=require"


def test_secrets_do_not_show_when_settings_are_printed(environment):
    shown = repr(settings())
    for name in ("SECRET_KEY", "TWILIO_AUTH_TOKEN"):
        assert COMPLETE[name] not in shown
