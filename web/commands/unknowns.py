"""``messages unknown``: texts that Twilio may have or not, and that a person decides about."""

from __future__ import annotations

import uuid

import click
from flask.cli import AppGroup

from bot.clock import utc_now
from bot.messaging import unknowns
from bot.messaging.models import ContactPoint
from bot.messaging.unknowns import NotUnknown
from web.commands.showing import moment
from web.commands.unit_of_work import unit_of_work

group = AppGroup("unknown", help="Texts that Twilio may have or not: neither a receipt nor its list tells.")


@group.command("list")
def list_unknown() -> None:
    """Name every unknown text: id, when it was called, how often, what it belongs to, to whom."""
    with unit_of_work() as session:
        found = [
            (message, session.get_one(ContactPoint, message.contact_point_id).last4)
            for message in unknowns.list_all(session)
        ]
    if not found:
        click.echo("No text is unknown.", err=True)
    for message, last4 in found:
        called = moment(message.calling_at)
        source = f"{message.source_type} {message.source_id}"
        click.echo(f"{message.id}\t{called}\t{message.attempts}\t{source}\t…{last4}")


@group.command("resend")
@click.argument("message_id", type=click.UUID)
def resend(message_id: uuid.UUID) -> None:
    """Send a text once more. If Twilio had it after all, the person gets it twice; both are on record."""
    with unit_of_work(NotUnknown) as session:
        unknowns.decide(session, message_id, send=True, now=utc_now())
    click.echo(f"{message_id} goes out once more.")


@group.command("drop")
@click.argument("message_id", type=click.UUID)
def drop(message_id: uuid.UUID) -> None:
    """Give a text up: it counts as failed, unless a receipt still says that it arrived."""
    with unit_of_work(NotUnknown) as session:
        unknowns.decide(session, message_id, send=False, now=utc_now())
    click.echo(f"{message_id} is given up.")
