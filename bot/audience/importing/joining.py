"""A batch of a list becomes people who follow a client: COPY, then a few statements for all of them.

Whoever said STOP, left this client, or had themselves erased stays out: a list is older than their wish, and
only they can take that back. Whoever follows already stays as they are. So a list can be imported again, also
after it was interrupted, and changes nothing that it had changed before.

Nobody waits for it longer than a batch takes, and then only a number that is in that very batch.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from bot.audience.importing.newcomers import Newcomer
from bot.audience.models import Client
from bot.crypto import keyring
from bot.messaging.service import rows


@dataclass(frozen=True)
class Joined:
    """What became of the people of a batch.

    :ivar already: they followed before, or stand twice in the list.
    """

    new: int = 0
    already: int = 0
    opted_out: int = 0
    left: int = 0
    erased: int = 0

    def __add__(self, other: Joined) -> Joined:
        return Joined(
            self.new + other.new,
            self.already + other.already,
            self.opted_out + other.opted_out,
            self.left + other.left,
            self.erased + other.erased,
        )


@dataclass(frozen=True)
class Provenance:
    """Where a list comes from, for the ledger of consent: the operator's words, and the file's name."""

    words: str
    file: str

    def of(self, line: int) -> str:
        """What the ledger says of the person in a line."""
        return f"{self.words} ({self.file}, line {line})"


_STAGE = text("""
    CREATE TEMP TABLE newcomer (
        address bytea, address_index bytea, indexes bytea[], last4 text, locale text, name bytea, words bytea,
        contact_point_id uuid, person_id uuid, is_new boolean NOT NULL DEFAULT false, outcome text
    ) ON COMMIT DROP
""")
_COPY = """
    COPY newcomer (address, address_index, indexes, last4, locale, name, words)
    FROM STDIN (FORMAT csv)
"""
_FIND = text("""
    UPDATE newcomer SET contact_point_id = contact_point.id, person_id = contact_point.person_id
    FROM contact_point
    WHERE newcomer.contact_point_id IS NULL AND contact_point.address_index = ANY (newcomer.indexes)
""")
_NAME_THE_NEW = text("""
    UPDATE newcomer SET contact_point_id = nudges_uuid7(), person_id = nudges_uuid7(), is_new = true
    WHERE contact_point_id IS NULL
""")
_ADD_PEOPLE = text("""
    INSERT INTO person (id, name, locale, created_at)
    SELECT person_id, name, locale, :now FROM newcomer WHERE is_new
""")
# In one order, so that two imports can't wait for each other. A JOIN from the same new number may be faster.
_ADD_CONTACT_POINTS = text("""
    INSERT INTO contact_point (id, person_id, channel, address, address_index, last4, created_at)
    SELECT contact_point_id, person_id, 'sms', address, address_index, last4, :now
    FROM newcomer WHERE is_new ORDER BY address_index
    ON CONFLICT (address_index) DO NOTHING
""")
_TAKE_BACK_THE_SLOWER = text("""
    WITH slower AS (
        UPDATE newcomer SET contact_point_id = NULL, is_new = false
        WHERE is_new AND NOT EXISTS (
            SELECT FROM contact_point WHERE contact_point.id = newcomer.contact_point_id)
        RETURNING person_id
    )
    DELETE FROM person USING slower WHERE person.id = slower.person_id
""")
_JUDGE = text("""
    UPDATE newcomer
    SET outcome = CASE
        WHEN is_new THEN 'new'
        WHEN EXISTS (
            SELECT FROM opt_out
            WHERE opt_out.contact_point_id = newcomer.contact_point_id AND opt_out.sender_id = :sender_id
                AND opt_out.lifted_at IS NULL
        ) THEN 'opted_out'
        WHEN EXISTS (
            SELECT FROM contact_point
            WHERE contact_point.id = newcomer.contact_point_id AND contact_point.address IS NULL
        ) THEN 'erased'
        WHEN EXISTS (
            SELECT FROM subscription
            WHERE subscription.person_id = newcomer.person_id AND subscription.client_id = :client_id
                AND subscription.left_at IS NULL
        ) THEN 'already'
        WHEN EXISTS (
            SELECT FROM subscription
            WHERE subscription.person_id = newcomer.person_id AND subscription.client_id = :client_id
        ) THEN 'left'
        ELSE 'new'
    END
""")
# What somebody chose or was called before stays.
_FILL_IN = text("""
    UPDATE person SET name = COALESCE(person.name, known.name), locale = COALESCE(person.locale, known.locale)
    FROM (
        SELECT person.id, newcomer.name, newcomer.locale
        FROM newcomer JOIN person ON person.id = newcomer.person_id
        WHERE NOT newcomer.is_new AND newcomer.outcome IN ('new', 'already')
            AND (person.name IS NULL AND newcomer.name IS NOT NULL
                OR person.locale IS NULL AND newcomer.locale IS NOT NULL)
        ORDER BY person.id
        FOR NO KEY UPDATE OF person
    ) AS known
    WHERE person.id = known.id
""")
# Members are not told of those whom an operator brings: told_at is set.
_FOLLOW = text("""
    WITH followed AS (
        INSERT INTO subscription (id, person_id, client_id, joined_at, told_at)
        SELECT nudges_uuid7(), person_id, :client_id, :now, :now
        FROM newcomer WHERE outcome = 'new' ORDER BY person_id
        ON CONFLICT (person_id, client_id) WHERE left_at IS NULL DO NOTHING
        RETURNING person_id
    )
    INSERT INTO consent (
        id, person_id, client_id, sender_id, channel, purpose, action, source, words_said, at)
    SELECT nudges_uuid7(), person_id, :client_id, :sender_id, 'sms', 'announcements', 'join', 'import',
        newcomer.words, :now
    FROM followed JOIN newcomer USING (person_id)
""")
_COUNT = text("SELECT outcome, count(*) AS people FROM newcomer GROUP BY outcome")


def join(
    session: Session,
    newcomers: Sequence[Newcomer],
    client: Client,
    provenance: Provenance,
    *,
    now: datetime,
) -> Joined:
    """Let a batch of people follow a client, with what is known of their consent.

    :param now: the moment of this batch, not of the whole import: an announcement that was confirmed before
        is not for them.
    """
    people = {newcomer.number: newcomer for newcomer in reversed(newcomers)}  # of two rows the first counts
    if not people:
        return Joined()
    at = {"client_id": client.id, "sender_id": client.sender_id, "now": now}
    session.execute(_STAGE)
    _copy(session, people.values(), provenance)
    session.execute(text("ANALYZE newcomer"))
    session.execute(_FIND)
    if new := rows(session.execute(_NAME_THE_NEW)):
        session.execute(_ADD_PEOPLE, at)
        if rows(session.execute(_ADD_CONTACT_POINTS, at)) < new:
            session.execute(_TAKE_BACK_THE_SLOWER)
            session.execute(_FIND)
    session.execute(_JUDGE, at)
    session.execute(_FILL_IN)
    followed = rows(session.execute(_FOLLOW, at))
    counts = {row.outcome: row.people for row in session.execute(_COUNT)}
    kept_out = {outcome: counts.get(outcome, 0) for outcome in ("opted_out", "left", "erased")}
    return Joined(new=followed, already=len(newcomers) - followed - sum(kept_out.values()), **kept_out)


def _copy(session: Session, people: Iterable[Newcomer], provenance: Provenance) -> None:
    keys = keyring()
    staged = io.StringIO()
    writer = csv.writer(staged)
    for person in people:
        indexes = [f"\\x{index.hex()}" for index in keys.indexes(person.number)]
        writer.writerow(
            (
                _sealed(person.number),
                indexes[0],
                "{" + ",".join(f'"\\{index}"' for index in indexes) + "}",
                person.number[-4:],
                person.locale,
                person.name and _sealed(person.name),
                _sealed(provenance.of(person.line)),
            )
        )
    staged.seek(0)
    cursor: Any = session.connection().connection.cursor()  # psycopg2's own, for its COPY
    with cursor:
        cursor.copy_expert(_COPY, staged)


def _sealed(plain: str) -> str:
    """An encrypted text as COPY reads it."""
    return f"\\x{keyring().encrypt(plain).hex()}"
