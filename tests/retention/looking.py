"""Redacting all that is older than a moment, and looking at what is left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from sqlalchemy import func, select, text

from bot import db, retention, tables
from bot.announcements.models import Announcement, Wording
from bot.crypto import EncryptedJSON, EncryptedText
from bot.dialogue.models import Inbound
from bot.ids import uuid7
from bot.messaging.models import Message, MessageHistory, Rendering
from bot.messaging.sweeps import overdue_receipts

LATER = datetime(2100, 1, 1, tzinfo=UTC)


@contextmanager
def impatient() -> Iterator[None]:
    """Whoever waits for somebody else's row in here fails."""
    with db.engine().begin() as connection:
        connection.execute(text("ALTER ROLE CURRENT_USER SET lock_timeout = '200ms'"))
    db.engine().dispose()
    try:
        yield
    finally:
        with db.engine().begin() as connection:
            connection.execute(text("ALTER ROLE CURRENT_USER RESET lock_timeout"))
        db.engine().dispose()


def end_what_has_no_receipt() -> None:
    """Days pass: replies that Twilio took, and told nothing more of, end."""
    with db.transaction() as session:
        overdue_receipts(session, LATER)


def redact(before: datetime = LATER, *, most: int = 2000) -> dict[str, int]:
    """Redact all that is older than a moment; how many rows lost their words, by domain."""
    end_what_has_no_receipt()
    found: Counter[str] = Counter()
    for name, domain in retention.DOMAINS.items():
        while True:
            with db.transaction() as session:
                count = domain(session, before, most=most, now=before)
            if not count:
                break
            found[name] += count
    return dict(found)


def encrypted() -> Iterator[tuple[str, list[str]]]:
    """Every encrypted column, with what can be read in it."""
    with db.transaction() as session:
        for table in tables.metadata.sorted_tables:
            for column in table.columns:
                if isinstance(column.type, EncryptedText | EncryptedJSON):
                    yield str(column), [str(each) for each in session.scalars(select(column)) if each]


def texts(*source_types: str) -> set[str]:
    """The words of renderings, of these sources only."""
    with db.transaction() as session:
        found = select(Rendering.text).where(Rendering.source_type.in_(source_types))
        return set(session.scalars(found)) - {""}


def wordings() -> set[str]:
    with db.transaction() as session:
        return set(session.scalars(select(Wording.text))) - {""}


def bodies() -> set[str]:
    with db.transaction() as session:
        return set(session.scalars(select(Inbound.body))) - {""}


def a_boundary() -> datetime:
    """A moment that lies between what has been written and what will be."""
    last = uuid7().int >> 80
    while uuid7().int >> 80 < last + 2:
        pass
    return datetime.fromtimestamp((last + 1) / 1000, UTC)


def everything_counted() -> dict[str, list[tuple[object, ...]]]:
    """The rows and whatever is counted of them, without words."""
    with db.transaction() as session:
        ledger = select(
            Message.id, Message.status, Message.rank, Message.skip_reason, Message.source_type,
            Message.rendering_id, Rendering.locale, Rendering.encoding, Rendering.segments,
        ).join(Rendering, Rendering.id == Message.rendering_id)  # fmt: skip
        history = select(MessageHistory.id, MessageHistory.status, MessageHistory.at)
        heard = select(Inbound.id, Inbound.provider_id, Inbound.outcome, Inbound.received_at)
        announced = select(Announcement.id, Announcement.status, Announcement.audience_size)
        counts = {
            table.name: [(session.scalar(select(func.count()).select_from(table)),)]
            for table in tables.metadata.sorted_tables
        }
        rows = {"ledger": ledger, "history": history, "heard": heard, "announced": announced}
        return counts | {
            name: sorted(map(tuple, session.execute(query)), key=str) for name, query in rows.items()
        }
