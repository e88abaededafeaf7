"""``senders``: what texts come from, who answers STOP there, and whether they may send."""

from __future__ import annotations

import click
from flask.cli import AppGroup
from sqlalchemy import select, update

from bot.clock import utc_now
from bot.messaging import pauses
from bot.messaging.models import Sender
from bot.messaging.pauses import UnknownSender
from web.commands.unit_of_work import unit_of_work

group = AppGroup("senders", help="What texts come from, and who answers STOP there.")


@group.command("list")
def list_senders() -> None:
    """Name every sender that a text has come to or a client was added with."""
    with unit_of_work() as session:
        senders = session.scalars(select(Sender).order_by(Sender.provider_id)).all()
    if not senders:
        click.echo("There is no sender yet: the first client or the first text makes one known.", err=True)
    for sender in senders:
        line = f"{sender.provider_id}\t{sender.kind}\tSTOP is answered by the {sender.opt_outs_by}"
        if sender.paused_at is not None:
            since = sender.paused_at.isoformat(timespec="seconds")
            line += f"\tpaused since {since}: {sender.paused_reason}"
        click.echo(line)


@group.command("set")
@click.argument("sender")
@click.option(
    "--opt-outs-by",
    type=click.Choice(["carrier", "bot"]),
    required=True,
    help="Who blocks on STOP and answers it: Twilio, or Nudges once Twilio's support has handed it over.",
)
def set_sender(sender: str, opt_outs_by: str) -> None:
    """Say who answers STOP on SENDER, an id that `senders list` shows."""
    with unit_of_work(UnknownSender) as session:
        known = session.scalar(
            update(Sender)
            .where(Sender.provider_id == sender)
            .values(opt_outs_by=opt_outs_by)
            .returning(Sender.id)
        )
        if known is None:
            raise UnknownSender(f"No sender is called {sender!r}: `senders list` names them all.")
    click.echo(f"STOP to {sender} is answered by the {opt_outs_by}.")


@group.command("resume")
@click.argument("sender")
def resume_sender(sender: str) -> None:
    """Let SENDER go on, once what paused it has been put right at Twilio."""
    with unit_of_work(UnknownSender) as session:
        pauses.resume(session, sender, now=utc_now())
    click.echo(f"{sender} sends.")
