"""What this installation stands on: environment, database, tables, keys, clocks, Redis."""

from __future__ import annotations

import os
from collections.abc import Iterator

from redis import RedisError
from sqlalchemy import LargeBinary, select, text, type_coerce
from sqlalchemy.exc import SQLAlchemyError

from bot import db, jobs, metrics
from bot.clock import utc_now
from bot.config import settings
from bot.crypto import UnknownKeyVersion, Unreadable, keyring
from bot.messaging.models import ContactPoint
from web.checks import Finding
from web.health import tables_problem

OLDEST_POSTGRES = 14
#: Who follows, and whether a draft has expired, goes by our clock; leases go by the database's.
MOST_SKEW_SECONDS = 2.0


def environment() -> Iterator[Finding]:
    """Say whom these settings lead to. With a mistake in them no command begins; it names every one."""
    yield Finding("environment", f"readable; Twilio is {settings().twilio_api_base_url}")
    if not os.environ.get(metrics.FOLDER):
        yield Finding(
            "environment",
            f"{metrics.FOLDER} is not set, so /metrics counts one process only",
            "Name a folder that web and worker of this host share, as the Procfile does.",
        )


def database() -> Iterator[Finding]:
    """Is it there, new enough, and does it tell the time that we tell?"""
    try:
        with db.engine().connect() as connection:
            before = utc_now()
            version, theirs = connection.execute(
                text("SELECT current_setting('server_version_num')::int / 10000, clock_timestamp()")
            ).one()
            ours = before + (utc_now() - before) / 2
            problem = tables_problem(connection)
    except SQLAlchemyError as error:
        cause = getattr(error, "orig", None) or error
        yield Finding(
            "database",
            f"does not answer: {str(cause).strip().splitlines()[0]}",
            "Start it, or put DATABASE_URL right. Until then every text is answered 503.",
        )
        return
    old = (
        f"Nudges needs PostgreSQL {OLDEST_POSTGRES} or newer: upgrade it."
        if version < OLDEST_POSTGRES
        else None
    )
    yield Finding("database", f"PostgreSQL {version} answers", old)
    yield Finding(
        "tables", problem or "as this code needs them", "flask --app wsgi db-upgrade" if problem else None
    )
    skew = abs((theirs - ours).total_seconds())
    wrong = f"Set the clocks of both machines by NTP: they may differ by {MOST_SKEW_SECONDS:.0f} seconds."
    yield Finding(
        "clocks",
        f"this one and the database's differ by {skew:.1f} s",
        wrong if skew > MOST_SKEW_SECONDS else None,
    )


def keys() -> Iterator[Finding]:
    """Can what is stored be read with the keys that are listed?

    Keys are changed from one moment on, so the oldest and the newest number are enough to see.
    """
    # As bytes: the model's own type would decrypt, and fail for the whole row.
    stored = (
        select(type_coerce(ContactPoint.address, LargeBinary).label("address"), ContactPoint.address_index)
        .where(ContactPoint.address.is_not(None))
        .limit(1)
    )
    with db.transaction() as session:
        oldest = session.execute(stored.order_by(ContactPoint.id)).one_or_none()
        newest = session.execute(stored.order_by(ContactPoint.id.desc())).one_or_none()
    if oldest is None or newest is None:
        yield Finding("keys", "there is no number yet to try them on")
        return
    yield _tried("oldest", bytes(oldest.address), oldest.address_index)
    yield _tried("newest", bytes(newest.address), newest.address_index)


def _tried(which: str, address: bytes, index: bytes) -> Finding:
    try:
        number = keyring().decrypt(address)
    except (UnknownKeyVersion, Unreadable) as error:
        return Finding(
            "keys", f"the {which} number can't be read: {error}", "List the key that wrote it again."
        )
    if index not in keyring().indexes(number):
        return Finding(
            "keys",
            f"the {which} number is not found by its index",
            "List the key of INDEX_KEYS that made it again: whoever texts would be taken for somebody new.",
        )
    return Finding("keys", f"the {which} number is read and found")


def redis() -> Iterator[Finding]:
    """Does it answer? What it keeps, or whether it keeps anything, does not matter."""
    try:
        jobs.redis().ping()
    except RedisError as error:
        yield Finding(
            "redis",
            f"does not answer: {error}",
            "Start it, or put REDIS_URL right. Until then replies go out and broadcasts wait; none is lost.",
        )
        return
    yield Finding("redis", "answers")
