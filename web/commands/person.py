"""``subscribers show``: one person, as they may ask about."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sqlalchemy.orm import Session

from bot import phones
from bot.audience import records
from bot.audience.models import Client, Consent
from bot.audience.records import Record, UnknownNumber
from bot.crypto import UnknownKeyVersion, Unreadable
from bot.dialogue import inbox
from bot.messaging import inspection
from bot.messaging.models import ContactPoint, OptOut, Sender
from web.commands.showing import block, line, moment
from web.commands.unit_of_work import unit_of_work

#: The newest texts that are shown, of those to them and of those from them.
TEXTS = 20


def show(phone: str, *, with_text: bool) -> None:
    """Show what we know of the person of a number."""
    with unit_of_work(UnknownNumber, phones.InvalidNumber, UnknownKeyVersion, Unreadable) as session:
        contact_point = records.contact_point_of(session, phones.parse(phone))
        record = records.of_person(session, contact_point.person_id)
        _show_person(record, contact_point)
        block("follows", _periods(record))
        block("opt-outs", (_opt_out(*each) for each in inspection.opt_outs(session, contact_point.id)))
        block("consent", _consents(record.consents))
        block("texts", _texts(session, contact_point, with_text=with_text))


def _show_person(record: Record, contact_point: ContactPoint) -> None:
    erased = contact_point.address is None
    line("person", f"{record.person.id}, known since {moment(record.person.created_at)}")
    line("number", "erased" if erased else f"…{contact_point.last4}, contact point {contact_point.id}")
    if contact_point.suppressed_at is not None:
        line("", f"out of use since {moment(contact_point.suppressed_at)}: {contact_point.suppressed_reason}")
    line("name", record.person.name or "-")
    line("language", record.person.locale or "-")
    block("speaks for", (f"{client.name} ({client.slug})" for client in record.speaks_for))


def _periods(record: Record) -> Iterator[str]:
    for subscription, client in record.periods:
        until = f" until {moment(subscription.left_at)}" if subscription.left_at else ""
        yield f"{client.name} ({client.slug}) from {moment(subscription.joined_at)}{until}"


def _opt_out(opt_out: OptOut, sender: Sender) -> str:
    until = f" until {moment(opt_out.lifted_at)}" if opt_out.lifted_at else ", still"
    blocked = ", blocked by the carrier too" if opt_out.blocked_by_carrier else ""
    return f"{sender.provider_id} from {moment(opt_out.opted_out_at)}{until} ({opt_out.source}{blocked})"


def _consents(consents: Iterable[tuple[Consent, Client | None]]) -> Iterator[str]:
    for consent, client in consents:
        about = f" {client.slug}" if client else ""
        said = f": {consent.words_said!r}" if consent.words_said else ""
        proof = f", {consent.provider_id}" if consent.provider_id else ""
        yield f"{moment(consent.at)} {consent.action}{about} ({consent.source}{proof}){said}"


def _texts(session: Session, contact_point: ContactPoint, *, with_text: bool) -> Iterator[str]:
    sent = [
        (message.created_at, f"to them    {message.id} {message.purpose}, {message.status}", rendering.text)
        for message, rendering in inspection.latest_to(session, contact_point.id, most=TEXTS)
    ]
    got = [
        (inbound.received_at, f"from them  {inbound.id} {inbound.outcome}", inbound.body)
        for inbound in inbox.latest_from(session, contact_point.id, most=TEXTS)
    ]
    for at, what, text in sorted(sent + got)[-TEXTS:]:
        yield f"{moment(at)} {what}"
        if with_text:
            yield from (f"    {each}" for each in text.splitlines())
