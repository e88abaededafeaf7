"""Migrations go up, down and up again on data, and make the tables that the models describe."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, select, text

from bot import db, migrations, tables
from bot.dialogue.models import Watch
from bot.messaging import receipts, respites
from bot.messaging.models import EndedAttempt, Lookup, Message, OptOut, SenderDay
from simulator.servers import Servers

REVISIONS = [
    script.revision for script in ScriptDirectory.from_config(migrations.configuration()).walk_revisions()
]


@pytest.fixture
def migrated(database: Servers) -> Iterator[Servers]:
    """The database, which is at its newest afterwards, whatever happened."""
    yield database
    db.engine().dispose()
    migrations.upgrade()


def fill(project_root: Path) -> None:
    """Let something happen that leaves rows in every table."""
    from tests.dialogue.transcript import Player

    player = Player()
    player.play(project_root / "tests" / "transcripts" / "stop" / "by_us.txt")
    player.take("Olivia >> ANSWER hours: We open 9 to 6")
    player.take("Olivia >> WELCOME: Hi {name}!")
    player.take("Nia >> JOIN pizza-palace")
    player.take("Nia >> hours")
    player.take("Olivia sends a picture: Half-price pizza")
    player.take("(Ana lives in America/Chicago, US-TX)")
    player.take("(sending waits)")
    player.take("Olivia >> CONFIRM")
    player.take("Olivia >> PAUSE")
    with db.transaction() as session:
        receipts.append(
            session, message_id=None, provider_id="SM1", status="sent", error_code=None, now=player.now
        )
        somebody = session.scalars(select(OptOut)).first()
        assert somebody is not None
        session.add(SenderDay(sender_id=somebody.sender_id, day=player.now.date(), segments=1))
        respites.begin(
            session,
            contact_point_id=somebody.contact_point_id,
            sender_id=somebody.sender_id,
            until=player.now,
            now=player.now,
        )
        message_id = session.scalars(select(Message.id)).first()
        session.add(
            Lookup(contact_point_id=somebody.contact_point_id, not_before=player.now, created_at=player.now)
        )
        session.add(
            Watch(
                number="+15550100000",
                sender_id=somebody.sender_id,
                seen_until=player.now,
                not_before=player.now,
            )
        )
        session.add(EndedAttempt(provider_id="SM2", message_id=message_id, ended_at=player.now))


def row_counts() -> dict[str, int]:
    with db.engine().connect() as connection:
        names = inspect(connection).get_table_names()
        return {
            name: connection.execute(text(f"SELECT count(*) FROM {name}")).scalar_one()
            for name in names
            if name != "alembic_version"
        }


def test_the_newest_migration_goes_down_and_up_again_and_keeps_every_row(
    migrated: Servers, project_root: Path
) -> None:
    fill(project_root)
    before = row_counts()
    assert {name for name, count in before.items() if count == 0} == set()
    migrations.downgrade("-1")
    down = row_counts()
    assert {name: count for name, count in before.items() if name in down} == down
    migrations.upgrade()
    assert {name: count for name, count in row_counts().items() if name in down} == down


def test_all_migrations_go_down_to_nothing_and_up_again_on_data(
    migrated: Servers, project_root: Path
) -> None:
    fill(project_root)
    migrations.downgrade("base")
    assert row_counts() == {}
    with db.engine().connect() as connection:
        left = connection.scalars(
            text("SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace")
        ).all()
    assert left == []
    migrations.upgrade()
    assert set(row_counts()) == {table.name for table in tables.metadata.sorted_tables}


@pytest.mark.filterwarnings("ignore:Did not recognize type 'xid8'")
def test_the_tables_are_those_that_the_models_describe(database: Servers) -> None:
    command.check(migrations.configuration())


def test_there_is_one_line_of_migrations() -> None:
    assert sorted(REVISIONS) == [f"{number:04d}" for number in range(1, len(REVISIONS) + 1)]
