"""Reads of the audience."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from rapidfuzz import fuzz, process
from sqlalchemy import Select, and_, bindparam, func, null, or_, select, union, union_all
from sqlalchemy.orm import Session

from bot import phones
from bot.audience.models import Client, Membership, Person, Subscription
from bot.audience.slugs import slugify
from bot.messaging.models import ContactPoint, OptOut

#: How alike a slug must be to be offered, of 100. Lower offers strangers' businesses to a typo.
ALIKE = 65


def reachable(client_id: uuid.UUID, at: datetime) -> Select[uuid.UUID, str, uuid.UUID]:
    """Who followed a client at a moment and could be texted: contact point, locale to write in, subscription.

    Asked again later for the same moment, it gives the same people.
    """
    opted_out = (
        select(OptOut.id)
        .where(
            OptOut.contact_point_id == ContactPoint.id,
            OptOut.sender_id == Client.sender_id,
            OptOut.opted_out_at <= at,
            or_(OptOut.lifted_at.is_(None), OptOut.lifted_at > at),
        )
        .exists()
    )
    return (
        select(
            ContactPoint.id.label("contact_point_id"),
            func.coalesce(Person.locale, Client.locale).label("locale"),
            Subscription.id.label("subscription_id"),
        )
        .select_from(Subscription)
        .join(Client, Client.id == Subscription.client_id)
        .join(Person, Person.id == Subscription.person_id)
        .join(ContactPoint, and_(ContactPoint.person_id == Person.id, ContactPoint.channel == "sms"))
        .where(
            Subscription.client_id == client_id,
            Subscription.joined_at <= at,
            or_(Subscription.left_at.is_(None), Subscription.left_at > at),
            or_(ContactPoint.suppressed_at.is_(None), ContactPoint.suppressed_at > at),
            ~opted_out,
        )
    )


def subscribers_by_locale(session: Session, client_id: uuid.UUID, at: datetime) -> dict[str, int]:
    """How many subscribers a text would reach, per locale, most first."""
    people = reachable(client_id, at).subquery()
    count = func.count()
    found = session.execute(
        select(people.c.locale, count).group_by(people.c.locale).order_by(count.desc(), people.c.locale)
    )
    return {locale: number for locale, number in found}  # noqa: C416  # a Row is no tuple for dict()


def has_subscribers(session: Session, client_id: uuid.UUID, at: datetime) -> bool:
    """Whether a text would reach anybody; found without counting them."""
    return bool(session.scalar(select(reachable(client_id, at).exists())))


def subscriber_count(session: Session, client_id: uuid.UUID, at: datetime) -> int:
    """How many subscribers a text would reach; they have one number each.

    Those it would not reach are few, so they are found and taken off: that is a fifth of the work of finding
    those it would, and CONFIRM answers a million subscribers at once.
    """
    follows = [
        Subscription.client_id == client_id,
        Subscription.joined_at <= at,
        or_(Subscription.left_at.is_(None), Subscription.left_at > at),
    ]
    suppressed = select(ContactPoint.person_id).where(
        ContactPoint.channel == "sms", ContactPoint.suppressed_at <= at
    )
    opted_out = (
        select(ContactPoint.person_id)
        .join(OptOut, OptOut.contact_point_id == ContactPoint.id)
        .join(Client, Client.sender_id == OptOut.sender_id)
        .where(
            Client.id == client_id,
            ContactPoint.channel == "sms",
            OptOut.opted_out_at <= at,
            or_(OptOut.lifted_at.is_(None), OptOut.lifted_at > at),
        )
    )
    unreachable = Subscription.person_id.in_(union(suppressed, opted_out))
    found = select(func.count()).select_from(Subscription).where(*follows)
    return (session.scalar(found) or 0) - (session.scalar(found.where(unreachable)) or 0)


def untold_subscriptions(client_id: uuid.UUID, at: datetime) -> Select[uuid.UUID]:
    """The subscriptions of which a client's members have not been told, of those whom a text would reach.

    Somebody who joins during a STOP is among them once START has lifted that.
    """
    people = reachable(client_id, at).where(Subscription.told_at.is_(None)).subquery()
    return select(people.c.subscription_id).distinct()


def clients_with_untold_subscriptions(session: Session) -> Sequence[uuid.UUID]:
    """The clients that have such subscriptions, or will have when a STOP is lifted."""
    return session.scalars(
        select(Subscription.client_id)
        .where(Subscription.told_at.is_(None), Subscription.left_at.is_(None))
        .distinct()
    ).all()


def name_of(session: Session, person_id: uuid.UUID) -> str | None:
    """What a person is called, if anybody has said so."""
    return session.scalar(select(Person.name).where(Person.id == person_id))


def clients(session: Session) -> Sequence[Client]:
    """Every client, by slug."""
    return session.scalars(select(Client).order_by(Client.slug)).all()


def client_by_slug(session: Session, slug: str, sender_id: uuid.UUID | None = None) -> Client | None:
    """The client of this slug; of this sender only, where one is given."""
    query = select(Client).where(Client.slug == slug)
    if sender_id is not None:
        query = query.where(Client.sender_id == sender_id)
    return session.scalar(query)


def clients_like(session: Session, said: str, sender_id: uuid.UUID, most: int = 3) -> list[Client]:
    """Active clients of this sender whose slug is nearly what was said, the likeliest first."""
    candidates = {
        client.slug: client
        for client in session.scalars(
            select(Client).where(Client.sender_id == sender_id, Client.status == "active")
        )
    }
    near = process.extract(
        slugify(said), candidates.keys(), scorer=fuzz.WRatio, limit=most, score_cutoff=ALIKE
    )
    return [candidates[slug] for slug, _score, _position in near]


# Made once: putting a statement together costs as much as having it executed.
_STANDINGS = union_all(
    select(Membership.client_id, null().label("joined_at"), null().label("id")).where(
        Membership.person_id == bindparam("person_id")
    ),
    select(Subscription.client_id, Subscription.joined_at, Subscription.id).where(
        Subscription.person_id == bindparam("person_id"), Subscription.left_at.is_(None)
    ),
).subquery()
_CLIENTS_OF = (
    select(Client, _STANDINGS.c.joined_at.is_not(None))
    .join(_STANDINGS, _STANDINGS.c.client_id == Client.id)
    .where(Client.sender_id == bindparam("sender_id"))
    .order_by(_STANDINGS.c.joined_at, _STANDINGS.c.id, Client.name, Client.id)
)


def joined_since(session: Session, person_id: uuid.UUID, sender_id: uuid.UUID, moment: datetime) -> bool:
    """Whether a person has joined somebody on this sender after a moment, and stayed."""
    joined = (
        select(Subscription.id)
        .join(Client, Client.id == Subscription.client_id)
        .where(
            Subscription.person_id == person_id,
            Client.sender_id == sender_id,
            Subscription.joined_at > moment,
            Subscription.left_at.is_(None),
        )
    )
    return bool(session.scalar(select(joined.exists())))


def clients_of(
    session: Session, person_id: uuid.UUID, sender_id: uuid.UUID
) -> tuple[list[Client], list[Client]]:
    """The clients on this sender that a person speaks for, by name, and those that they follow.

    The latter come in the order in which the person joined.
    """
    spoken_for: list[Client] = []
    followed: list[Client] = []
    for client, follows in session.execute(_CLIENTS_OF, {"person_id": person_id, "sender_id": sender_id}):
        (followed if follows else spoken_for).append(client)
    return spoken_for, followed


def region_of(session: Session, client_id: uuid.UUID) -> str | None:
    """The region (ISO 3166) of the number of the member who has been there longest, if there is one."""
    number = session.scalar(
        select(ContactPoint.address)
        .join(Membership, Membership.person_id == ContactPoint.person_id)
        .where(Membership.client_id == client_id, ContactPoint.address.is_not(None))
        .order_by(Membership.created_at, ContactPoint.id)
        .limit(1)
    )
    return None if number is None else phones.region_of(number)


def members(session: Session, client_id: uuid.UUID) -> Sequence[Any]:
    """Who speaks for a client and can be texted by its sender, as rows of (contact_point_id, locale)."""
    opted_out = (
        select(OptOut.id)
        .where(
            OptOut.contact_point_id == ContactPoint.id,
            OptOut.sender_id == Client.sender_id,
            OptOut.lifted_at.is_(None),
        )
        .exists()
    )
    return session.execute(
        select(
            ContactPoint.id.label("contact_point_id"),
            func.coalesce(Person.locale, Client.locale).label("locale"),
        )
        .select_from(Membership)
        .join(Client, Client.id == Membership.client_id)
        .join(Person, Person.id == Membership.person_id)
        .join(ContactPoint, ContactPoint.person_id == Person.id)
        .where(Membership.client_id == client_id, ContactPoint.suppressed_at.is_(None), ~opted_out)
        .order_by(ContactPoint.id)
    ).all()
