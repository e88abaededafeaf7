"""The database: engine, sessions, and what happens after a commit."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache
from typing import Any, TypeVar

import structlog
from sqlalchemy import Connection, DateTime, Engine, MetaData, Text, Uuid, create_engine, event
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import DisconnectionError, OperationalError
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.pool import ConnectionPoolEntry

from bot.config import settings

Item = TypeVar("Item")

#: For how long a connection that was given back is taken again without asking whether it lives.
TRUSTED_SECONDS = 0.1

log = structlog.get_logger()

CONSTRAINT_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Every table's base: names for constraints, and which SQL type stands for which Python type."""

    metadata = MetaData(naming_convention=CONSTRAINT_NAMES)
    type_annotation_map = {  # noqa: RUF012  # SQLAlchemy reads it as a class attribute
        datetime: DateTime(timezone=True),
        uuid.UUID: Uuid(),
        str: Text(),
        dict[str, Any]: JSONB(),
    }


@lru_cache(maxsize=1)
def engine() -> Engine:
    """The engine of this process. A forked child must call ``engine().dispose(close=False)`` first."""
    made = create_engine(
        settings().database_url,
        pool_size=10,
        max_overflow=10,
        pool_timeout=5,  # Twilio waits for fifteen seconds in all
        hide_parameters=True,  # an error's text ends in logs, and parameters are numbers and texts
        connect_args={"connect_timeout": 5, "options": "-c timezone=UTC", "application_name": "nudges"},
    )
    event.listen(made, "checkin", _rests)
    event.listen(made, "checkout", lambda connection, record, _proxy: _wake(made, connection, record))
    return made


def _rests(_connection: object, record: ConnectionPoolEntry) -> None:
    record.info["rests_since"] = time.monotonic()


def _wake(engine: Engine, connection: Any, record: ConnectionPoolEntry) -> None:
    """See that a connection still lives: Postgres may restart under us, and a turn must not fail for that.

    One that was used a moment ago is trusted. Asking each time (``pool_pre_ping``) is one round trip more in
    every turn.
    """
    if time.monotonic() - record.info.get("rests_since", time.monotonic()) < TRUSTED_SECONDS:
        return
    try:
        engine.dialect.do_ping(connection)
    except engine.dialect.loaded_dbapi.Error as error:
        raise DisconnectionError from error  # the pool then takes another


def after_commit(session: Session, do: Callable[[], None]) -> None:
    """Run ``do`` once the session's transaction has been committed; not at all if it is rolled back."""
    session.info.setdefault("after_commit", []).append(do)


@contextmanager
def transaction() -> Iterator[Session]:
    """One unit of work: commits at the end, rolls back on an error, then runs what was left for after.

    Only edges use it: a webhook's view, a job, a command.
    """
    with Session(engine(), expire_on_commit=False) as session:
        with session.begin():
            yield session
        for do in session.info.pop("after_commit", []):
            do()


@contextmanager
def statement() -> Iterator[Connection]:
    """A connection on which each statement commits by itself: one round trip instead of three.

    For an edge whose whole unit of work is one statement.
    """
    with engine().connect() as connection:
        yield connection.execution_options(isolation_level="AUTOCOMMIT")


def one_by_one(session: Session, items: Iterable[Item], do: Callable[[Item], None]) -> None:
    """Do something for each of several items; one for which it fails is undone, logged and passed over.

    :param items: ids, or what else tells the log which one it was.
    """
    for item in items:
        try:
            with session.begin_nested():
                do(item)
        except OperationalError:  # the database's own trouble: the others would have it too
            raise
        except Exception:  # whatever one trips over must not keep the others waiting, for good perhaps
            log.exception("passed_over", item=str(item), doing=do.__qualname__)
