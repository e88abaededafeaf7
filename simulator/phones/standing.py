"""Who each phone's owner is to Nudges, where the talk with them stands, and what they might text next."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot import i18n
from bot.audience import queries as audience
from bot.audience.models import Client, Membership, Person, Subscription
from bot.crypto import keyring
from bot.dialogue.flow import IDLE
from bot.dialogue.models import Conversation
from bot.i18n import ENGLISH
from bot.messaging.models import ContactPoint, OptOut

DRAFT = "Half-price pizza until 6"
SPANISH_WORDING = "ES: ¡Pizza a mitad de precio hasta las 6!"


@dataclass
class Standing:
    """What Nudges knows of a phone. A phone that never texted and that nobody added is a stranger's."""

    contact_point_id: uuid.UUID | None = None
    locale: str | None = None
    owns: list[str] = field(default_factory=list)
    follows: list[str] = field(default_factory=list)
    stopped: bool = False
    suppressed: bool = False
    flow: str | None = None
    state: str = IDLE

    @property
    def words(self) -> str:
        """The standing in a word or two."""
        if self.stopped:
            return "said STOP"
        if self.suppressed:
            return "can't receive texts"
        if self.owns:
            return f"owner of {', '.join(self.owns)}"
        return f"follows {', '.join(self.follows)}" if self.follows else "a stranger"

    def document(self, slugs: Sequence[str]) -> dict[str, Any]:
        """The standing as the page shows it."""
        return {
            "locale": self.locale,
            "standing": self.words,
            "flow": self.flow,
            "state": self.state,
            "quick": self.suggestions(slugs),
        }

    def suggestions(self, slugs: Sequence[str]) -> list[str]:
        """What could be texted next, in the phone's language where it has words of its own."""
        say = _saying(self.locale or ENGLISH)
        if self.stopped:
            return ["START", "HELP"]
        if self.owns and self.state == "confirming":
            return [say("CONFIRM"), SPANISH_WORDING, say("DISCARD")]
        if self.owns:
            return [DRAFT, *map(say, ("STATUS", "SUBSCRIBERS", "LINK", "COMMANDS"))]
        if self.follows:
            other = "en" if self.locale and self.locale != ENGLISH else "es"
            return ["STOP", f"{say('LANG')} {other}", say("LEAVE"), say("COMMANDS")]
        return [*(f"{say('JOIN')} {slug}" for slug in slugs[:2]), say("COMMANDS"), "HELP"]


def standings(session: Session, numbers: Sequence[str]) -> dict[str, Standing]:
    """The standing of each of these numbers (E.164)."""
    number_of = {index: number for number in numbers for index in _indexes(number)}
    found = {number: Standing() for number in numbers}
    people: dict[uuid.UUID, Standing] = {}
    points: dict[uuid.UUID, Standing] = {}
    for point, locale in session.execute(
        select(ContactPoint, Person.locale)
        .join(Person, Person.id == ContactPoint.person_id)
        .where(ContactPoint.address_index.in_(number_of))
    ):
        standing = found[number_of[point.address_index]]
        standing.contact_point_id, standing.locale = point.id, locale
        standing.suppressed = point.suppressed_at is not None
        people[point.person_id] = points[point.id] = standing
    names = _names_of_clients(session, people)
    for person_id, standing in people.items():
        standing.owns, standing.follows = names["owns", person_id], names["follows", person_id]
    for (point_id,) in session.execute(
        select(OptOut.contact_point_id).where(OptOut.contact_point_id.in_(points), OptOut.lifted_at.is_(None))
    ):
        points[point_id].stopped = True
    for point_id, flow, state in session.execute(
        select(Conversation.contact_point_id, Conversation.flow, Conversation.state).where(
            Conversation.contact_point_id.in_(points), Conversation.flow.is_not(None)
        )
    ):
        points[point_id].flow, points[point_id].state = flow, state
    return found


def slugs(session: Session) -> list[str]:
    """What can be followed."""
    return [client.slug for client in audience.clients(session) if client.status == "active"]


def languages() -> list[dict[str, str]]:
    """Every language that Nudges writes, by its own name."""
    return [{"locale": locale, "name": i18n.language_name(locale, locale)} for locale in i18n.LOCALES]


def _names_of_clients(
    session: Session, people: dict[uuid.UUID, Standing]
) -> dict[tuple[str, uuid.UUID], list[str]]:
    names: dict[tuple[str, uuid.UUID], list[str]] = defaultdict(list)
    for person_id, name in session.execute(
        select(Membership.person_id, Client.name)
        .join(Client, Client.id == Membership.client_id)
        .where(Membership.person_id.in_(people))
        .order_by(Client.name)
    ):
        names["owns", person_id].append(name)
    for person_id, name in session.execute(
        select(Subscription.person_id, Client.name)
        .join(Client, Client.id == Subscription.client_id)
        .where(Subscription.person_id.in_(people), Subscription.left_at.is_(None))
        .order_by(Client.name)
    ):
        names["follows", person_id].append(name)
    return names


def _saying(locale: str) -> Any:
    return lambda word: i18n.first_word(word, locale)


@lru_cache(maxsize=256)
def _indexes(number: str) -> tuple[bytes, ...]:
    return tuple(keyring().indexes(number))
