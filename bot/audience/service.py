"""Verbs of the audience: people, clients, following and consent. None of them commits."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import ColumnElement, delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from bot import phones
from bot.audience import queries, slugs
from bot.audience.models import Client, Consent, Membership, Person, Subscription
from bot.events import service as events
from bot.i18n import LOCALES, locale_named
from bot.ids import uuid7
from bot.messaging import service as messaging
from bot.messaging import statuses
from bot.messaging.models import ContactPoint, Sender

#: Every text to a subscriber begins with the name, so a long one costs segments.
LONGEST_NAME = 60


class SlugTaken(ValueError):
    """Another client has this slug; the message names it."""


class InvalidName(ValueError):
    """Nobody could read this name in front of an announcement; the message says what one looks like."""


class UnknownClient(LookupError):
    """No client has this slug; the message names it."""


class UnknownLocale(ValueError):
    """We don't write in this language; the message names those that we do."""


class UnknownTimeZone(ValueError):
    """No such IANA time zone."""


@dataclass(frozen=True)
class Evidence:
    """How we know what somebody wants: what they said, what they had been shown, and where."""

    source: str  # sms | 21610 | operator
    at: datetime
    words_said: str | None = None
    text_shown: str | None = None
    provider_id: str | None = None  # MessageSid


def person_at(session: Session, number: str, *, now: datetime) -> ContactPoint:
    """The contact point of an E.164 number; a number we have not met becomes a new person's.

    A number that was erased is known again: only its owner's own text, or business, leads here.
    """
    contact_point = messaging.find_contact_point(session, number)
    if contact_point is None:
        person_id = uuid7()
        session.execute(insert(Person).values(id=person_id, created_at=now))
        if not messaging.add_contact_point(session, person_id=person_id, number=number, now=now):
            # Another text from the same new number was faster.
            session.execute(delete(Person).where(Person.id == person_id))
        contact_point = messaging.find_contact_point(session, number)
    assert contact_point is not None
    if contact_point.address is None:
        messaging.restore_number(contact_point, number)
    return contact_point


def locale_of(session: Session, person_id: uuid.UUID) -> str | None:
    """The language that a person has chosen, if they have."""
    return session.scalar(select(Person.locale).where(Person.id == person_id))


def choose_locale(session: Session, person_id: uuid.UUID, locale: str) -> None:
    """Write to this person in this locale from now on."""
    session.execute(update(Person).where(Person.id == person_id).values(locale=locale))


def follow(
    session: Session, contact_point: ContactPoint, client: Client, evidence: Evidence, *, tell_client: bool
) -> bool:
    """Let a person follow a client; False when they do already.

    :param tell_client: whether the client's members hear of it; while a STOP stands, only START tells them.
    """
    made = session.execute(
        upsert(Subscription)
        .values(
            id=uuid7(),
            person_id=contact_point.person_id,
            client_id=client.id,
            joined_at=evidence.at,
            told_at=None if tell_client else evidence.at,
        )
        .on_conflict_do_nothing(
            index_elements=["person_id", "client_id"], index_where=Subscription.left_at.is_(None)
        )
    )
    record_consent(session, contact_point, evidence, action="join", client=client)
    if messaging.rows(made) == 0:
        return False
    if tell_client and not messaging.opt_out_in_force(session, contact_point.id, client.sender_id):
        _tell_subscribed(session, contact_point, client, evidence)
    return True


def unfollow(session: Session, contact_point: ContactPoint, client: Client, evidence: Evidence) -> bool:
    """Let a person stop following one client, and take back what is pending; False when they did not.

    While somebody has :func:`hold_audience`, this waits: it must find the rows that are being written.
    """
    session.execute(select(func.pg_advisory_xact_lock_shared(_audience_key(client.id))))
    left = session.execute(
        update(Subscription)
        .where(
            Subscription.person_id == contact_point.person_id,
            Subscription.client_id == client.id,
            Subscription.left_at.is_(None),
        )
        .values(left_at=evidence.at)
    )
    if messaging.rows(left) == 0:
        return False
    messaging.skip_pending(
        session,
        contact_point_id=contact_point.id,
        client_id=client.id,
        reason=statuses.LEFT,
        now=evidence.at,
    )
    record_consent(session, contact_point, evidence, action="leave", client=client)
    return True


def hold_audience(session: Session, client_id: uuid.UUID) -> None:
    """Let nobody leave this client until the transaction ends: it is writing a row for each follower."""
    session.execute(select(func.pg_advisory_xact_lock(_audience_key(client_id))))


def stop(
    session: Session,
    contact_point: ContactPoint,
    sender: Sender,
    evidence: Evidence,
    *,
    blocked_by_carrier: bool,
) -> None:
    """Opt a contact point out of everything from a sender."""
    messaging.opt_out(
        session,
        contact_point_id=contact_point.id,
        sender_id=sender.id,
        blocked_by_carrier=blocked_by_carrier,
        source=evidence.source,
        now=evidence.at,
    )
    record_consent(session, contact_point, evidence, action="opt_out", sender=sender)


def start(session: Session, contact_point: ContactPoint, sender: Sender, evidence: Evidence) -> bool:
    """Lift an opt-out; the subscriptions are as they were. False when there was none.

    Clients that were joined during the opt-out hear of their new subscriber now.
    """
    opt_out = messaging.opt_out_in_force(session, contact_point.id, sender.id)
    if opt_out is None:
        return False
    stopped_at = opt_out.opted_out_at
    messaging.lift_opt_out(session, contact_point_id=contact_point.id, sender_id=sender.id, now=evidence.at)
    record_consent(session, contact_point, evidence, action="opt_in", sender=sender)
    remembered = session.scalars(
        select(Client)
        .join(Subscription, Subscription.client_id == Client.id)
        .where(
            Subscription.person_id == contact_point.person_id,
            Subscription.left_at.is_(None),
            Subscription.joined_at >= stopped_at,
            Client.sender_id == sender.id,
        )
    )
    for client in remembered.all():
        _tell_subscribed(session, contact_point, client, evidence)
    return True


def record_consent(
    session: Session,
    contact_point: ContactPoint,
    evidence: Evidence,
    *,
    action: str,
    client: Client | None = None,
    sender: Sender | None = None,
) -> None:
    """Append to the ledger of consent."""
    session.execute(
        insert(Consent).values(
            id=uuid7(),
            person_id=contact_point.person_id,
            client_id=client.id if client else None,
            sender_id=sender.id if sender else client.sender_id if client else None,
            channel=contact_point.channel,
            purpose="announcements",
            action=action,
            source=evidence.source,
            text_shown=evidence.text_shown,
            words_said=evidence.words_said,
            provider_id=evidence.provider_id,
            at=evidence.at,
        )
    )


def add_client(
    session: Session,
    *,
    name: str,
    slug: str,
    owner_number: str,
    locale: str,
    time_zone: str,
    support_contact: str | None,
    sender_id: uuid.UUID,
    now: datetime,
) -> Client:
    """Make a business known, with its first member.

    :raises InvalidName: the name is empty, too long, or more than a line.
    :raises InvalidSlug: the slug can't be texted.
    :raises SlugTaken: another client has it.
    :raises UnknownLocale: we don't write in that language.
    :raises UnknownTimeZone: no IANA time zone is called so.
    :raises InvalidNumber: the owner's number is none.
    """
    name = name.strip()
    if not 1 <= len(name) <= LONGEST_NAME or not name.isprintable():
        raise InvalidName(f"A name is one line of 1 to {LONGEST_NAME} characters, like Pizza Palace.")
    slugs.check(slug)
    if queries.client_by_slug(session, slug):
        raise SlugTaken(f"Another client is called {slug!r}: choose another slug.")
    known_locale = locale_named(locale)
    if known_locale is None:
        raise UnknownLocale(f"Nudges does not write {locale!r} yet; it writes {', '.join(LOCALES)}.")
    try:
        ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise UnknownTimeZone(f"{time_zone!r} is not a time zone; write it like America/New_York.") from error
    owner = person_at(session, phones.parse(owner_number), now=now)
    client = Client(
        id=uuid7(),
        name=name,
        slug=slug,
        status="active",
        locale=known_locale,
        time_zone=time_zone,
        support_contact=support_contact,
        sender_id=sender_id,
        created_at=now,
    )
    session.add(client)
    session.flush()
    session.execute(
        insert(Membership).values(
            person_id=owner.person_id, client_id=client.id, role="owner", created_at=now
        )
    )
    return client


def set_client_status(session: Session, slug: str, status: str) -> None:
    """Suspend a client (``suspended``) or let it go on (``active``).

    :raises UnknownClient: no client has this slug.
    """
    client_named(session, slug).status = status
    session.flush()


def client_named(session: Session, slug: str) -> Client:
    """The client of this slug.

    :raises UnknownClient: no client has it.
    """
    client = queries.client_by_slug(session, slug)
    if client is None:
        raise UnknownClient(f"No client is called {slug!r}: `clients list` names them all.")
    return client


def _tell_subscribed(
    session: Session, contact_point: ContactPoint, client: Client, evidence: Evidence
) -> None:
    events.record(
        session,
        type="audience.subscribed",
        subject_type="person",
        subject_id=contact_point.person_id,
        client_id=client.id,
        actor=f"person:{contact_point.person_id}",
        now=evidence.at,
    )


def _audience_key(client_id: uuid.UUID) -> ColumnElement[int]:
    return func.hashtextextended(f"audience:{client_id}", 0)
