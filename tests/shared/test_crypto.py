"""Encryption at rest: versions, rotation, tampering, and what lies in the database."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest
from sqlalchemy import insert, select, text

from bot import crypto, db, tables
from bot.audience.models import Person
from bot.config import settings
from bot.crypto import Keyring, UnknownKeyVersion, Unreadable
from bot.ids import uuid7
from bot.messaging import service as messaging
from bot.messaging.models import ContactPoint
from simulator.servers import Servers

OLD, NEW = bytes(range(32)), bytes(range(32, 64))
NUMBER = "+15550100001"


def test_a_text_comes_back_and_is_stored_differently_every_time():
    keyring = Keyring({1: OLD}, {1: OLD})
    for plain in ("", "¡Pizza! 🍕 اليوم", "x" * 5000):
        stored = [keyring.encrypt(plain) for _ in range(2)]
        assert stored[0] != stored[1]
        assert [keyring.decrypt(each) for each in stored] == [plain, plain]


def test_new_rows_use_the_first_key_and_old_rows_stay_readable():
    before, after = Keyring({1: OLD}, {1: OLD}), Keyring({2: NEW, 1: OLD}, {2: NEW, 1: OLD})
    old_row = before.encrypt("hello")
    new_row = after.encrypt("hello")
    assert (old_row[:2], new_row[:2]) == (b"\x00\x01", b"\x00\x02")
    assert after.decrypt(old_row) == after.decrypt(new_row) == "hello"
    with pytest.raises(UnknownKeyVersion, match="2"):
        before.decrypt(new_row)


def test_a_stored_value_that_was_altered_anywhere_is_refused():
    keyring = Keyring({1: OLD, 2: OLD}, {1: OLD})
    stored = keyring.encrypt("hello")
    for place in range(1, len(stored)):  # the version too: its bytes are authenticated
        altered = bytearray(stored)
        altered[place] ^= 3
        with pytest.raises((Unreadable, UnknownKeyVersion)):
            keyring.decrypt(bytes(altered))
    for cut in (b"", stored[:2], stored[:14], stored[:-1]):
        with pytest.raises((Unreadable, UnknownKeyVersion)):
            keyring.decrypt(cut)


def test_an_index_is_the_same_for_the_same_number_and_keyed():
    assert Keyring({1: OLD}, {1: OLD}).index(NUMBER) == Keyring({1: NEW}, {1: OLD}).index(NUMBER)
    assert Keyring({1: OLD}, {1: OLD}).index(NUMBER) != Keyring({1: OLD}, {1: NEW}).index(NUMBER)
    assert NUMBER.encode() not in Keyring({1: OLD}, {1: OLD}).index(NUMBER)


def test_a_number_stored_under_an_old_index_key_is_found_after_rotation(session, now, monkeypatch):
    person_id = uuid7()
    session.execute(insert(Person).values(id=person_id, created_at=now))
    monkeypatch.setattr(crypto, "keyring", lambda: Keyring({1: OLD}, {1: OLD}))
    monkeypatch.setattr(messaging, "keyring", crypto.keyring)
    messaging.add_contact_point(session, person_id=person_id, number=NUMBER, now=now)
    monkeypatch.setattr(crypto, "keyring", lambda: Keyring({2: NEW, 1: OLD}, {2: NEW, 1: OLD}))
    monkeypatch.setattr(messaging, "keyring", crypto.keyring)
    session.expire_all()
    found = messaging.find_contact_point(session, NUMBER)
    assert found is not None
    assert (found.person_id, found.address) == (person_id, NUMBER)
    assert messaging.find_contact_point(session, "+15550100002") is None


def test_the_keys_come_from_the_environment_first_one_first(servers: Servers, monkeypatch):
    monkeypatch.setenv(
        "ENCRYPTION_KEYS", "7:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=,1:" + "A" * 43 + "="
    )
    settings.cache_clear()
    crypto.keyring.cache_clear()
    try:
        assert crypto.keyring().encrypt("hello")[:2] == b"\x00\x07"
    finally:
        monkeypatch.undo()
        settings.cache_clear()
        crypto.keyring.cache_clear()


def test_after_conversations_no_number_and_no_text_lies_readable_in_any_table(
    database: Servers, project_root: Path
):
    from tests.dialogue.transcript import Player

    player = Player()
    transcripts = project_root / "tests" / "transcripts"
    player.play(transcripts / "announce" / "draft.txt")
    for line in (transcripts / "other" / "kept.txt").read_text(encoding="utf-8").splitlines():
        if " >> " in line:
            player.take(line)
    secrets = [number.encode() for number in player.phones.values()]
    secrets += [number[2:].encode() for number in player.phones.values()]
    secrets += [
        b"Half-price",
        b"mitad de precio",
        "moitié".encode(),
        b"Do you have the new one",
        b"Vous livrez",
    ]
    with db.transaction() as session:
        assert session.scalar(select(ContactPoint.address).limit(1)) in player.phones.values()
        stored = [
            (table.name, bytes(row[0], "utf-8"))
            for table in tables.metadata.sorted_tables
            for row in session.execute(text(f"SELECT row_to_json({table.name})::text FROM {table.name}"))
        ]
    assert len(stored) > 100
    for name, row in stored:
        # bytea is shown as hexadecimal
        readable = [secret for secret in secrets if secret in row or secret.hex().encode() in row]
        assert not readable, (name, readable)


def test_the_search_for_readable_secrets_would_find_one(session, now):
    session.execute(
        insert(ContactPoint).values(
            id=uuid.uuid4(),
            person_id=_person(session, now),
            channel="sms",
            address="x",
            address_index=NUMBER.encode(),
            last4="0001",
            created_at=now,
        )
    )
    (row,) = session.scalars(text("SELECT row_to_json(contact_point)::text FROM contact_point")).all()
    assert NUMBER.encode().hex() in row


def _person(session, now):
    person_id = uuid7()
    session.execute(insert(Person).values(id=person_id, created_at=now))
    return person_id
