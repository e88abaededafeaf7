"""``clients``: the businesses that announce through this installation."""

from __future__ import annotations

from datetime import datetime

import click
from flask.cli import AppGroup
from sqlalchemy import select

from bot.audience import hours, queries, service
from bot.audience.slugs import InvalidSlug
from bot.clock import utc_now
from bot.config import settings
from bot.messaging import service as messaging
from bot.messaging.models import Sender
from bot.messaging.quiet import NoHourLeft
from bot.phones import InvalidNumber
from web.commands.unit_of_work import unit_of_work

group = AppGroup("clients", help="The businesses that announce through this installation.")


@group.command("add")
@click.option("--name", required=True, help="What subscribers know the business as.")
@click.option("--slug", required=True, help="What people text after JOIN, like pizza-palace.")
@click.option("--phone", required=True, help="The owner's number, with country code: +1 555 010 0001.")
@click.option("--locale", default="en", show_default=True, help="The language it writes in.")
@click.option("--time-zone", default="UTC", show_default=True, help="Like America/New_York.")
@click.option("--support", help="What HELP names: an address, a number or a page.")
def add(*, name: str, slug: str, phone: str, locale: str, time_zone: str, support: str | None) -> None:
    """Make a business known, with its owner's phone."""
    now = utc_now()
    with unit_of_work(
        InvalidSlug,
        InvalidNumber,
        service.InvalidName,
        service.SlugTaken,
        service.UnknownLocale,
        service.UnknownTimeZone,
    ) as session:
        shared = settings().twilio_messaging_service_sid
        messaging.add_sender(session, provider_id=shared, now=now)
        client = service.add_client(
            session,
            name=name,
            slug=slug,
            owner_number=phone,
            locale=locale,
            time_zone=time_zone,
            support_contact=support,
            sender_id=session.scalars(select(Sender.id).where(Sender.provider_id == shared)).one(),
            now=now,
        )
    click.echo(f"Added {client.name} ({client.locale}, {client.time_zone}). People text: JOIN {client.slug}")


@group.command("list")
def list_clients() -> None:
    """Name every client."""
    with unit_of_work() as session:
        clients = queries.clients(session)
    if not clients:
        click.echo("There is no client yet: `clients add` makes one known.", err=True)
    for client in clients:
        click.echo(f"{client.slug}\t{client.status}\t{client.locale}\t{client.time_zone}\t{client.name}")


@group.command("suspend")
@click.argument("slug")
def suspend(slug: str) -> None:
    """Stop a client from announcing; its subscribers stay."""
    _set_status(slug, "suspended")
    click.echo(f"{slug} is suspended: it can't announce until `clients resume {slug}`.")


@group.command("resume")
@click.argument("slug")
def resume(slug: str) -> None:
    """Let a suspended client go on."""
    _set_status(slug, "active")
    click.echo(f"{slug} is active.")


@group.command("quiet")
@click.argument("slug")
@click.option("--from", "opens", type=click.DateTime(["%H:%M"]), help="Like 9:00.")
@click.option("--to", "closes", type=click.DateTime(["%H:%M"]), help="Like 19:00.")
def quiet(*, slug: str, opens: datetime | None, closes: datetime | None) -> None:
    """Keep a client's announcements within hours of its own, by their readers' clocks.

    The law's hours hold besides. With neither --from nor --to, they alone hold.
    """
    if (opens is None) != (closes is None):
        raise click.UsageError("Give both --from and --to, or neither.")
    if opens is not None and closes is not None and opens >= closes:
        raise click.UsageError("--from must be earlier than --to; hours that pass midnight are none.")
    with unit_of_work(service.UnknownClient, NoHourLeft) as session:
        hours.set_client_hours(
            session, slug, opens.time() if opens else None, closes.time() if closes else None
        )
    between = f"from {opens:%H:%M} to {closes:%H:%M}" if opens else "whenever the law allows"
    click.echo(f"Announcements of {slug} reach people {between}, by their own clocks.")


def _set_status(slug: str, status: str) -> None:
    with unit_of_work(service.UnknownClient) as session:
        service.set_client_status(session, slug, status)
