"""``senders``: what texts come from, who answers STOP there, and whether and how much they may send."""

from __future__ import annotations

import click
from flask.cli import AppGroup
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bot.clock import utc_now
from bot.messaging import caps, pauses
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
            click.echo(
                "There is no sender yet: the first client or the first text makes one known.", err=True
            )
        for sender in senders:
            click.echo(_line(session, sender))


@group.command("set")
@click.argument("sender")
@click.option(
    "--opt-outs-by",
    type=click.Choice(["carrier", "bot"]),
    help="Who blocks on STOP and answers it: Twilio, or Nudges once Twilio's support has handed it over.",
)
@click.option(
    "--segments-per-second",
    type=click.IntRange(min=0),
    help="How fast it sends; 0 is as fast as Twilio takes it, which then sends at the numbers' own rate.",
)
@click.option(
    "--daily-cap",
    type=click.IntRange(min=0),
    help="How many segments it sends from midnight to midnight, Pacific time; 0 is without a cap.",
)
def set_sender(
    sender: str, opt_outs_by: str | None, segments_per_second: int | None, daily_cap: int | None
) -> None:
    """Say who answers STOP on SENDER, an id that `senders list` shows, and how much it may send."""
    values: dict[str, str | int | None] = {}
    if opt_outs_by is not None:
        values["opt_outs_by"] = opt_outs_by
    if segments_per_second is not None:
        values["segments_per_second"] = segments_per_second or None
    if daily_cap is not None:
        values["daily_cap"] = daily_cap or None
    if not values:
        raise click.UsageError("Name what to set: --opt-outs-by, --segments-per-second or --daily-cap.")
    with unit_of_work(UnknownSender) as session:
        changed = session.scalar(
            update(Sender).where(Sender.provider_id == sender).values(**values).returning(Sender)
        )
        if changed is None:
            raise UnknownSender(f"No sender is called {sender!r}: `senders list` names them all.")
        click.echo(_line(session, changed))


@group.command("resume")
@click.argument("sender")
def resume_sender(sender: str) -> None:
    """Let SENDER go on, once what paused it has been put right at Twilio."""
    with unit_of_work(UnknownSender) as session:
        pauses.resume(session, sender, now=utc_now())
    click.echo(f"{sender} sends.")


def _line(session: Session, sender: Sender) -> str:
    line = f"{sender.provider_id}\t{sender.kind}\tSTOP is answered by the {sender.opt_outs_by}"
    if sender.segments_per_second is not None:
        line += f"\t{sender.segments_per_second} segments a second"
    if sender.daily_cap is not None:
        used = caps.used_today(session, sender.id, now=utc_now())
        line += f"\t{used} of {sender.daily_cap} segments used today"
    if sender.paused_at is not None:
        line += f"\tpaused since {sender.paused_at.isoformat(timespec='seconds')}: {sender.paused_reason}"
    return line
