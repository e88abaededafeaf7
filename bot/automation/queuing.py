"""Queuing: the steps of welcome series that are due, a batch at a time, from rows alone."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, SQLColumnExpression, Uuid, cast, func, literal, select
from sqlalchemy.orm import Session

from bot.announcements.wording import compose
from bot.audience import hours
from bot.audience import service as audience
from bot.audience.models import Client, Consent, Person, Subscription
from bot.audience.queries import reachable
from bot.automation import series
from bot.automation.models import WelcomeBatch, WelcomeStep
from bot.automation.personal import fill_in
from bot.ids import idempotency_key, uuid7
from bot.messaging.batches import Item, queue_batch
from bot.messaging.models import Message

BATCH = 500
#: A step that could not be queued for so long (nothing ran) is left out: a late welcome is none.
LATE = timedelta(days=1)
#: How long a queued step is worth sending.
USEFUL_FOR = timedelta(days=1)


def steps_due(session: Session, now: datetime) -> Sequence[uuid.UUID]:
    """The steps that somebody may be due for; a glance that is cheap when nobody is."""
    return session.scalars(
        select(WelcomeStep.id)
        .distinct()
        .join(Client, Client.id == WelcomeStep.client_id)
        .join(Subscription, Subscription.client_id == WelcomeStep.client_id)
        .where(
            WelcomeStep.ended_at.is_(None),
            Client.status == "active",
            Subscription.left_at.is_(None),
            Subscription.joined_at <= now - WelcomeStep.delay,
            Subscription.joined_at >= func.greatest(WelcomeStep.since, now - LATE) - WelcomeStep.delay,
            ~_queued(WelcomeStep.id),
            _joined_themselves(),
        )
    ).all()


def queue_due(session: Session, step_id: uuid.UUID, *, now: datetime) -> int:
    """Queue a step for up to 500 subscribers who are due; returns how many.

    They are those who joined themselves: who was brought in by a list is not new to the business.
    """
    step = session.get_one(WelcomeStep, step_id)
    client = session.get_one(Client, step.client_id)
    if step.ended_at is not None or client.status != "active":
        return 0
    # Whoever leaves from here on waits, and takes back what is written; whoever has left is not found.
    audience.hold_audience(session, client.id)
    people = session.execute(
        reachable(client.id, now)
        .add_columns(Person.name)
        .where(
            Subscription.joined_at <= now - step.delay,
            Subscription.joined_at >= max(step.since, now - LATE) - step.delay,
            ~_queued(literal(step.id)),
            _joined_themselves(),
        )
        .order_by(Subscription.joined_at, Subscription.id)
        .limit(BATCH)
    ).all()
    if not people:
        return 0
    batch = WelcomeBatch(id=uuid7(), step_id=step.id, queued_at=now)
    session.add(batch)
    session.flush()
    words = series.wordings(session, step.id)
    return queue_batch(
        session,
        [
            Item(
                person.contact_point_id,
                person.locale,
                _text(client, words, person.locale, person.name),
                idempotency_key("welcome", step.id, person.subscription_id),
            )
            for person in people
        ],
        purpose="series",
        client_id=client.id,
        sender_id=client.sender_id,
        source=("welcome", batch.id),
        hours=hours.of(client),
        useful_for=USEFUL_FOR,
        now=now,
    )


def _text(client: Client, words: dict[str, str], locale: str, name: str | None) -> str:
    text = words.get(locale) or words.get(client.locale) or next(iter(words.values()))
    return compose(client.name, fill_in(text, name=name, client=client.name), locale)


def _queued(step_id: SQLColumnExpression[uuid.UUID]) -> ColumnElement[bool]:
    """Whether a subscription's step is in the ledger: its key is ``idempotency_key("welcome", step, …)``."""
    name = func.concat("welcome:", step_id, ":", Subscription.id)
    return select(Message.id).where(Message.idempotency_key == cast(func.md5(name), Uuid())).exists()


def _joined_themselves() -> ColumnElement[bool]:
    return (
        select(Consent.id)
        .where(
            Consent.person_id == Subscription.person_id,
            Consent.client_id == Subscription.client_id,
            Consent.action == "join",
            Consent.source == "sms",
            Consent.at == Subscription.joined_at,
        )
        .exists()
    )
