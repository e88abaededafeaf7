"""Alive and ready are two things."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from bot import db


@pytest.fixture
def revision() -> Iterator[None]:
    """Put the revision that the database says it is at back afterwards."""
    with db.engine().begin() as connection:
        before = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
    yield
    with db.engine().begin() as connection:
        connection.execute(text("DELETE FROM alembic_version"))
        connection.execute(text("INSERT INTO alembic_version VALUES (:it)"), {"it": before})


def test_with_everything_there_it_is_ready(client: FlaskClient) -> None:
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json) == (200, {"ready": True, "problems": {}})


@pytest.mark.usefixtures("without_database")
def test_without_its_database_it_is_alive_but_not_ready(client: FlaskClient) -> None:
    assert client.get("/healthz").status_code == 200
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json == {"ready": False, "problems": {"database": "The database does not answer."}}


@pytest.mark.usefixtures("without_redis")
def test_without_redis_it_is_not_ready(client: FlaskClient) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json is not None
    assert list(answer.json["problems"]) == ["redis"]


@pytest.mark.usefixtures("revision")
def test_before_its_migrations_it_is_not_ready_and_says_what_to_run(client: FlaskClient) -> None:
    with db.engine().begin() as connection:
        connection.execute(text("DELETE FROM alembic_version"))
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json is not None
    assert "db-upgrade" in answer.json["problems"]["database"]


@pytest.mark.usefixtures("revision")
def test_while_a_newer_release_rolls_out_the_older_one_stays_ready(client: FlaskClient) -> None:
    with db.engine().begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    assert client.get("/readyz").status_code == 200
