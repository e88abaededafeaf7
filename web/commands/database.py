"""``db-upgrade``: bring the tables to where this code needs them."""

from __future__ import annotations

import click
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from bot import db, migrations

LOCK = 7_264_001  # any number of our own: two releases at once migrate one after the other


@click.command("db-upgrade", help="Bring the database's tables up to date.")
def upgrade() -> None:
    """Migrate to the newest revision; with nothing to do, do nothing."""
    try:
        with db.engine().connect() as connection:
            connection.execute(select(func.pg_advisory_lock(LOCK)))
            connection.commit()
            try:
                migrations.upgrade()
            finally:
                connection.execute(select(func.pg_advisory_unlock(LOCK)))
    except OperationalError as error:
        raise click.ClickException(f"The database could not be brought up to date: {error.orig}") from error
    click.echo("The tables are up to date.")
