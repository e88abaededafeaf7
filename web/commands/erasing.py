"""``subscribers erase``: what is asked before, and what is told after."""

from __future__ import annotations

import click

from bot import erasing, phones
from bot.audience import records
from bot.audience.records import UnknownNumber
from bot.clock import utc_now
from bot.erasing import Erasure
from bot.i18n import ENGLISH, enumeration
from web.commands.showing import moment
from web.commands.unit_of_work import unit_of_work

ERASED = """\
Erased for good:
- the number with its last digits, the name, language and time zone
- the words of {texts_from} texts from them, and of {texts_to} replies and notices to them
- whom they follow and speak for: {ended}
Kept:
{opt_outs}\
- a keyed fingerprint of the number: by it a STOP is found, and only their own text brings them back, no list
- the ledger of their consent: a business must be able to prove that it might text, and that it stopped. Of
  words it has only those by which they agreed, without their name
- a row without words for each text, because what was sent must add up; announcements are their client's words
Twilio has logs of its own: erase there what its console shows of them."""


def run(phone: str, *, sure: bool) -> None:
    """Erase the person of a number, once the operator has said yes."""
    with unit_of_work(UnknownNumber, phones.InvalidNumber) as session:
        number = phones.parse(phone)
        contact_point = records.contact_point_of(session, number)
        speaks_for = records.clients_spoken_for(session, contact_point.person_id)
    if not sure:
        for client in speaks_for:
            click.echo(f"They speak for {client.name} ({client.slug}), and can't any more then.", err=True)
        question = f"Erase whoever has the number {phones.display(number)}? It can't be undone."
        click.confirm(question, abort=True, err=True)
    with unit_of_work(UnknownNumber) as session:
        contact_point = records.contact_point_of(session, number)
        erasure = erasing.erase(session, contact_point, source="operator", now=utc_now())
    click.echo(_report(erasure))


def _report(erasure: Erasure) -> str:
    ended = dict.fromkeys(client.name for client in (*erasure.gone.followed, *erasure.gone.spoke_for))
    return ERASED.format(
        texts_from=erasure.texts_from,
        texts_to=erasure.texts_to,
        ended=enumeration(ended, ENGLISH) if ended else "nobody",
        opt_outs="".join(
            f"- the STOP to {sender.provider_id} of {moment(opt_out.opted_out_at)}: it is their wish too\n"
            for opt_out, sender in erasure.opt_outs
        ),
    )
