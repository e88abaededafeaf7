"""Connections are kept, and one that died while it rested is replaced."""

from __future__ import annotations

import psycopg2
import pytest
from sqlalchemy import text

from bot import db
from simulator.servers import Servers


def cut_off_everybody(servers: Servers) -> None:
    """End every connection of the pool on the database's side."""
    with psycopg2.connect(servers.database_url) as other, other.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    other.close()


def test_a_connection_that_died_at_rest_is_replaced(
    database: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(db, "TRUSTED_SECONDS", 0.0)
    with db.transaction() as session:
        before = session.execute(text("SELECT pg_backend_pid()")).scalar_one()
    cut_off_everybody(database)
    with db.transaction() as session:
        assert session.execute(text("SELECT pg_backend_pid()")).scalar_one() != before
