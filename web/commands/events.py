"""``events``: what handlers have given up."""

from __future__ import annotations

import uuid

import click
from flask.cli import AppGroup

from bot.clock import utc_now
from bot.events import queries, service
from web.commands.unit_of_work import unit_of_work

group = AppGroup("events", help="What handlers of events have given up.")


@group.command("dead")
def dead() -> None:
    """List the newest dead letters: the event's id, when, its type, who gave it up, and why."""
    with unit_of_work() as session:
        letters = queries.dead_letters(session)
    if not letters:
        click.echo("There is no dead letter.", err=True)
    for letter in letters:
        when = letter.recorded_at.isoformat(timespec="seconds")
        click.echo(f"{letter.event_id}\t{when}\t{letter.type}\t{letter.consumer}\t{letter.error}")


@group.command("retry")
@click.argument("event_id", type=click.UUID)
def retry(event_id: uuid.UUID) -> None:
    """Hand an event again to those who gave it up."""
    with unit_of_work(service.NoDeadLetter) as session:
        consumers = service.retry(session, event_id, now=utc_now())
    click.echo(f"{event_id} goes again to {', '.join(consumers)}.")
