"""One command, one transaction, and one line when it can't be done."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click
from sqlalchemy.exc import OperationalError, ProgrammingError
from sqlalchemy.orm import Session

from bot import db


@contextmanager
def unit_of_work(*mistakes: type[Exception]) -> Iterator[Session]:
    """A transaction for a command.

    :param mistakes: the exceptions whose message the operator should read; the command then ends with 1.
    """
    try:
        with db.transaction() as session:
            yield session
    except mistakes as mistake:
        raise click.ClickException(str(mistake)) from mistake
    except OperationalError as error:
        raise click.ClickException(f"The database does not answer: {error.orig}".strip()) from error
    except ProgrammingError as error:
        raise click.ClickException(
            "The database's tables don't fit this code: run `flask --app wsgi db-upgrade`."
        ) from error
