"""What the audience has on record of one person, for an operator whom they ask."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.audience.models import Client, Consent, Membership, Person, Subscription
from bot.messaging import service as messaging
from bot.messaging.models import ContactPoint


class UnknownNumber(LookupError):
    """Nobody with this number ever texted us or came with a list."""


@dataclass(frozen=True)
class Record:
    """One person.

    :ivar speaks_for: the clients that they can announce for.
    :ivar periods: whom they followed from when until when, the first first.
    :ivar consents: the ledger of their consent, each with its client where it is about one.
    """

    person: Person
    speaks_for: Sequence[Client]
    periods: Sequence[tuple[Subscription, Client]]
    consents: Sequence[tuple[Consent, Client | None]]


def contact_point_of(session: Session, number: str) -> ContactPoint:
    """The contact point of an E.164 number, also of one that was erased.

    :raises UnknownNumber: there is none.
    """
    contact_point = messaging.find_contact_point(session, number)
    if contact_point is None:
        raise UnknownNumber(f"Nobody whose number is {number} ever texted us or came with a list.")
    return contact_point


def of_person(session: Session, person_id: uuid.UUID) -> Record:
    """Everything that is on record of a person here."""
    periods = session.execute(
        select(Subscription, Client)
        .join(Client, Client.id == Subscription.client_id)
        .where(Subscription.person_id == person_id)
        .order_by(Subscription.joined_at, Subscription.id)
    )
    consents = session.execute(
        select(Consent, Client)
        .outerjoin(Client, Client.id == Consent.client_id)
        .where(Consent.person_id == person_id)
        .order_by(Consent.at, Consent.id)
    )
    return Record(
        session.get_one(Person, person_id),
        clients_spoken_for(session, person_id),
        [(subscription, client) for subscription, client in periods],
        [(consent, client) for consent, client in consents],
    )


def clients_spoken_for(session: Session, person_id: uuid.UUID) -> Sequence[Client]:
    """The clients on any sender that a person speaks for, by name."""
    return session.scalars(
        select(Client)
        .join(Membership, Membership.client_id == Client.id)
        .where(Membership.person_id == person_id)
        .order_by(Client.name, Client.id)
    ).all()
