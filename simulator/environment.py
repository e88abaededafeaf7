"""The environment variables that web and worker start with on this machine.

Keys and ids are made up once and kept in ``var/env`` (readable by its owner only): the data of earlier runs
is encrypted with them. For a shell of your own: ``set -a; . var/env; set +a``.
"""

import base64
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

# Every variable that Nudges reads. What a shell happens to hold must not reach a test by accident.
SETTINGS = (
    "DATABASE_URL",
    "REDIS_URL",
    "PUBLIC_URL",
    "SECRET_KEY",
    "ENCRYPTION_KEYS",
    "INDEX_KEYS",
    "TWILIO_ACCOUNT_SID",
    "TWILIO_AUTH_TOKEN",
    "TWILIO_MESSAGING_SERVICE_SID",
    "TWILIO_API_BASE_URL",
    "STRIPE_API_KEY",
    "STRIPE_WEBHOOK_SECRET",
    "STRIPE_API_BASE_URL",
    "KAFKA_BOOTSTRAP_SERVERS",
    "LEASE_SECONDS",
    "UNKNOWN_GRACE_SECONDS",
    "UNKNOWN_POLICY",
    "QUIET_HOURS",
    "SEGMENT_PRICE_USD",
    "MMS_PRICE_USD",
    "RETENTION_DAYS",
    "LOG_LEVEL",
    "PROMETHEUS_MULTIPROC_DIR",
)

_HEADER = "# Made for this machine. Keep SECRET_KEY and below: the data is encrypted with these keys.\n"


def settings_in(environment: Mapping[str, str]) -> dict[str, str]:
    """Return what ``environment`` already says about Nudges."""
    return {name: environment[name] for name in SETTINGS if environment.get(name)}


def development_settings(path: Path, addresses: Mapping[str, str]) -> dict[str, str]:
    """Return ``addresses`` with the keys and ids kept in ``path``, made up where missing; write it all."""
    settings = {**addresses, **_made_up(), **_read(path), **addresses}
    _write(path, settings)
    return settings


def child_environment(settings: Mapping[str, str]) -> dict[str, str]:
    """Return our own environment for a child, with exactly these settings and no other of Nudges'."""
    inherited = {name: value for name, value in os.environ.items() if name not in SETTINGS}
    return {**inherited, "PYTHONUNBUFFERED": "1", **settings}


def _made_up() -> dict[str, str]:
    return {
        "SECRET_KEY": secrets.token_urlsafe(32),
        "ENCRYPTION_KEYS": f"1:{base64.b64encode(secrets.token_bytes(32)).decode()}",
        "INDEX_KEYS": f"1:{base64.b64encode(secrets.token_bytes(32)).decode()}",
        "TWILIO_ACCOUNT_SID": f"AC{secrets.token_hex(16)}",
        "TWILIO_AUTH_TOKEN": secrets.token_hex(16),
        "TWILIO_MESSAGING_SERVICE_SID": f"MG{secrets.token_hex(16)}",
        "QUIET_HOURS": "off",  # the people here are made up, and a try-out at night must work
    }


def _read(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    pairs = (line.split("=", 1) for line in path.read_text().splitlines() if "=" in line and line[0] != "#")
    return {name: value for name, value in pairs if name in SETTINGS}


def _write(path: Path, settings: Mapping[str, str]) -> None:
    """Write beside and rename, so that the keys are never half there."""
    unfinished = path.with_suffix(".unfinished")
    unfinished.touch(mode=0o600)
    unfinished.chmod(0o600)
    unfinished.write_text(_HEADER + "".join(f"{name}={value}\n" for name, value in settings.items()))
    unfinished.replace(path)
