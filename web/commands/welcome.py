"""``welcome``: what a client's new subscribers receive."""

from __future__ import annotations

import click
from flask.cli import AppGroup

from bot.audience import service
from bot.automation import series
from bot.clock import utc_now
from bot.i18n import ENGLISH, duration
from flows.series import delay_meant
from web.commands.answers import for_client, known_locale
from web.commands.unit_of_work import unit_of_work

group = AppGroup("welcome", help="What a client's new subscribers receive.")


@group.command("set")
@for_client
@click.option("--step", default=1, show_default=True, help="Which text of the series.")
@click.option("--after", help="How long after joining, like 30m, 12h or 3d; 0m is at once.")
@click.option("--locale", callback=known_locale, help="The language of TEXT; by default the client's own.")
@click.argument("text")
def set_step(*, slug: str, step: int, after: str | None, locale: str | None, text: str) -> None:
    """Let new subscribers receive TEXT; {name} and {client} in it become names."""
    delay = delay_meant(after) if after else None
    if after and delay is None:
        raise click.ClickException(f"{after!r} is no length of time: write it like 30m, 12h or 3d.")
    with unit_of_work(
        series.NoSuchStep,
        series.TooManySteps,
        series.TooLate,
        series.WelcomeTooLong,
        service.UnknownClient,
    ) as session:
        client = service.client_named(session, slug)
        made = series.set_step(
            session, client, text, position=step, delay=delay, locale=locale, now=utc_now()
        )
    _show(made)


@group.command("list")
@for_client
def list_steps(*, slug: str) -> None:
    """Show the series, in its order."""
    with unit_of_work(service.UnknownClient) as session:
        client = service.client_named(session, slug)
        steps = series.listed(session, client)
    if not steps:
        click.echo(f"{client.name} has no welcome series yet: `welcome set` begins one.", err=True)
    for step in steps:
        _show(step)


@group.command("off")
@for_client
@click.option("--step", type=int, help="Only this one; those after it move up.")
def end(*, slug: str, step: int | None) -> None:
    """Let new subscribers receive nothing more of it."""
    with unit_of_work(service.UnknownClient, series.NoSuchStep) as session:
        client = service.client_named(session, slug)
        if step is None:
            series.end_series(session, client, now=utc_now())
        else:
            series.end_step(session, client, step, now=utc_now())
    click.echo(f"{client.name} does not send that to new subscribers any more.")


def _show(step: series.Step) -> None:
    when = f"after {duration(step.delay, ENGLISH)}" if step.delay else "at once"
    for locale, wording in step.wordings.items():
        text = wording.text.replace("\n", " ↵ ")
        click.echo(f"{step.position}\t{when}\t{locale}\t{wording.segments}\t{text}")
