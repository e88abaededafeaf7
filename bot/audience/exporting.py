"""A client's subscribers as a list that a spreadsheet opens and `subscribers import` takes back."""

from __future__ import annotations

import csv
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TextIO

from sqlalchemy import Select, case, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from bot.audience.cells import guarded
from bot.audience.models import Client, Person, Subscription
from bot.messaging.models import ContactPoint, OptOut

COLUMNS = ("phone", "locale", "name", "joined_at", "status")

#: Rows that are fetched at once: what an export of any length holds.
AT_ONCE = 2_000


@dataclass(frozen=True)
class Subscriber:
    """Somebody who follows or followed a client.

    :param locale: what they chose, if they did.
    :param joined_at: when they joined last.
    :param status: following | left | opted out.
    """

    number: str
    locale: str | None
    name: str | None
    joined_at: datetime
    status: str


def subscribers(session: Session, client: Client) -> Iterator[Subscriber]:
    """Everybody who ever followed a client, but those who had themselves erased.

    :raises UnknownKeyVersion: a key with which somebody's number was encrypted is no longer listed.
    :raises Unreadable: a number or a name was altered.
    """
    found = session.execute(_query(client.id, client.sender_id), execution_options={"yield_per": AT_ONCE})
    for row in found:
        yield Subscriber(*row)


def write(stream: TextIO, people: Iterable[Subscriber]) -> int:
    """Write people as CSV, with nothing in it that a spreadsheet runs; gives how many there were."""
    writer = csv.writer(stream)
    writer.writerow(COLUMNS)
    count = 0
    for person in people:
        joined_at = person.joined_at.astimezone(UTC).isoformat(timespec="seconds")
        cells = (person.number, person.locale or "", person.name or "", joined_at, person.status)
        writer.writerow(guarded(cell) for cell in cells)
        count += 1
    return count


def _query(client_id: uuid.UUID, sender_id: uuid.UUID) -> Select[Any, Any, Any, Any, Any]:
    opted_out = (
        select(OptOut.id)
        .where(
            OptOut.contact_point_id == ContactPoint.id,
            OptOut.sender_id == sender_id,
            OptOut.lifted_at.is_(None),
        )
        .exists()
    )
    status = case((opted_out, "opted out"), (Subscription.left_at.is_not(None), "left"), else_="following")
    return (
        select(ContactPoint.address, Person.locale, Person.name, Subscription.joined_at, status)
        .ext(distinct_on(ContactPoint.id))
        .select_from(Subscription)
        .join(Person, Person.id == Subscription.person_id)
        .join(ContactPoint, ContactPoint.person_id == Person.id)
        .where(Subscription.client_id == client_id, ContactPoint.address.is_not(None))
        .order_by(ContactPoint.id, Subscription.joined_at.desc(), Subscription.id.desc())
    )
