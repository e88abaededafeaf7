"""Nudges' own rows, to be looked at only."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import text
from sqlalchemy.orm import Session

from bot import db, tables  # noqa: F401  # foreign keys resolve only when every table is known


@contextmanager
def looking() -> Iterator[Session]:
    """A transaction in which Postgres itself refuses every change."""
    with Session(db.engine(), expire_on_commit=False) as session:
        session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
        yield session
        session.rollback()
