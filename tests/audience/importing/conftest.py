"""Importing people straight into the database of a test."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from bot.audience.importing.joining import Provenance, join
from bot.audience.importing.newcomers import Newcomer

PROVENANCE = Provenance("paper form", "list.csv")


@pytest.fixture
def bring(session, pizza, now):
    """Import people by their numbers, or as they are; gives what became of them."""

    def brought(*people, at=now, client=pizza):
        newcomers = [
            Newcomer(line, person) if isinstance(person, str) else person
            for line, person in enumerate(people, start=2)
        ]
        joined = join(session, newcomers, client, PROVENANCE, now=at)
        session.expire_all()
        # It goes with the transaction of a batch; a test has one transaction for all of them.
        session.execute(text("DROP TABLE newcomer"))
        return joined

    return brought
