"""What the audience forgets of somebody, and what the law lets a business keep: the proof of consent."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from bot.audience import service
from bot.audience.models import Client, Consent, Membership, Person, Subscription
from bot.audience.service import Evidence
from bot.messaging.models import ContactPoint

#: What proves that somebody agreed. Of what ended it, the fact is enough.
_PROOF = ("join", "opt_in")


@dataclass(frozen=True)
class Gone:
    """What somebody's erasure ended.

    :ivar followed: the clients that they followed until now.
    :ivar spoke_for: the clients that they could announce for until now.
    """

    followed: Sequence[Client]
    spoke_for: Sequence[Client]


def erase(session: Session, contact_point: ContactPoint, evidence: Evidence) -> Gone:
    """Forget a person's name, language and time zone, and end whom they follow and speak for.

    The ledger of consent stays, with when and how: a business must be able to prove that it was allowed to
    text, and that it heard a STOP (GDPR, article 17(3)(e); 47 U.S.C. 227 can be sued under for four years).
    Of a consent it keeps the words, without the person's name; of everything else only that it happened.
    """
    person = session.get_one(Person, contact_point.person_id)
    followed = session.scalars(
        select(Client)
        .join(Subscription, Subscription.client_id == Client.id)
        .where(Subscription.person_id == person.id, Subscription.left_at.is_(None))
        .order_by(Client.id)  # in one order, so that nobody waits in a circle
    ).all()
    for client in followed:
        service.unfollow(session, contact_point, client, evidence)
    spoke_for = session.scalars(
        select(Client).join(Membership).where(Membership.person_id == person.id).order_by(Client.id)
    ).all()
    session.execute(delete(Membership).where(Membership.person_id == person.id))
    _take_words_away(session, person)
    service.record_consent(session, contact_point, evidence, action="erase")
    person.name = person.locale = person.time_zone = person.time_zone_source = person.platform_role = None
    session.flush()
    return Gone(followed, spoke_for)


def _take_words_away(session: Session, person: Person) -> None:
    of_person = (Consent.person_id == person.id,)
    session.execute(
        update(Consent)
        .where(*of_person, Consent.action.not_in(_PROOF))
        .values(words_said=None, text_shown=None, ip=None)
    )
    for proof in session.scalars(select(Consent).where(*of_person, Consent.action.in_(_PROOF))):
        proof.words_said = _without(person.name, proof.words_said)
        proof.text_shown = _without(person.name, proof.text_shown)
        proof.ip = None


def _without(name: str | None, words: str | None) -> str | None:
    if name is None or words is None:
        return words
    return re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", "…", words, flags=re.IGNORECASE)
