"""Whether this process is alive, and whether it can work."""

from __future__ import annotations

from functools import lru_cache

import structlog
from alembic.script import ScriptDirectory
from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue
from redis import RedisError
from sqlalchemy import Connection, text
from sqlalchemy.exc import ProgrammingError, SQLAlchemyError

from bot import db, jobs, migrations
from web import access

routes = Blueprint("health", __name__)
log = structlog.get_logger()


@routes.get("/healthz")
@access.anyone("it says only that the process runs, for load balancers")
def alive() -> ResponseReturnValue:
    """Answer, always."""
    return jsonify(alive=True)


@routes.get("/readyz")
@access.anyone("it names what is missing without addresses or data, for load balancers")
def ready() -> ResponseReturnValue:
    """Say whether database, tables and Redis are as needed, and what is wrong where they are not."""
    checks = {"database": _database(), "redis": _redis()}
    problems = {name: problem for name, problem in checks.items() if problem}
    return jsonify(ready=not problems, problems=problems), 503 if problems else 200


def _database() -> str | None:
    try:
        with db.engine().connect() as connection:
            return tables_problem(connection)
    except SQLAlchemyError as error:
        log.warning("database_unavailable", error=str(error))
        return "The database does not answer."


def tables_problem(connection: Connection) -> str | None:
    """What is wrong with the tables, and what to do; None when this code can work with them."""
    try:
        revision = connection.scalar(text("SELECT version_num FROM alembic_version"))
    except ProgrammingError:
        revision = None  # a database without tables
    known, newest = _revisions()
    # A revision that this code does not know is a newer release's: during a roll-out the old processes go on.
    if revision is None or (revision in known and revision != newest):
        return f"The tables are at {revision}, the code needs {newest}: run `flask --app wsgi db-upgrade`."
    return None


def _redis() -> str | None:
    try:
        jobs.redis().ping()
    except RedisError as error:
        log.warning("redis_unavailable", error=str(error))
        return "Redis does not answer: replies go out, broadcasts wait."
    return None


@lru_cache(maxsize=1)
def _revisions() -> tuple[frozenset[str], str | None]:
    scripts = ScriptDirectory.from_config(migrations.configuration())
    return frozenset(script.revision for script in scripts.walk_revisions()), scripts.get_current_head()
