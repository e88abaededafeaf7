"""``answers``: the words that a client's subscribers may text for an answer."""

from __future__ import annotations

import click
from flask.cli import AppGroup

from bot.audience import service
from bot.automation import answers
from bot.clock import utc_now
from bot.i18n import LOCALES, locale_named
from web.commands.unit_of_work import unit_of_work

group = AppGroup("answers", help="The words that a client's subscribers may text for an answer.")
for_client = click.option("--client", "slug", required=True, help="Whose: a slug that `clients list` shows.")


def known_locale(_context: click.Context, _option: click.Parameter, said: str | None) -> str | None:
    """The locale that an option means."""
    known = locale_named(said) if said else None
    if said and known is None:
        raise click.ClickException(f"Nudges does not write {said!r} yet; it writes {', '.join(LOCALES)}.")
    return known


@group.command("set")
@for_client
@click.option("--locale", callback=known_locale, help="The language of TEXT; by default the client's own.")
@click.argument("word")
@click.argument("text")
def set_answer(*, slug: str, locale: str | None, word: str, text: str) -> None:
    """Answer WORD with TEXT from now on."""
    with unit_of_work(
        answers.NoKeyword,
        answers.ReservedKeyword,
        answers.TooManyKeywords,
        answers.AnswerTooLong,
        service.UnknownClient,
    ) as session:
        client = service.client_named(session, slug)
        wording = answers.set_answer(session, client, word, text, locale=locale, now=utc_now())
    click.echo(f"Whoever follows {client.name} and texts {word.upper()} gets {wording.segments} segment(s):")
    click.echo(wording.text)


@group.command("list")
@for_client
def list_answers(*, slug: str) -> None:
    """Show every word with its answers, and how often it was asked."""
    with unit_of_work(service.UnknownClient) as session:
        client = service.client_named(session, slug)
        found = answers.listed(session, client)
    if not found:
        click.echo(f"{client.name} answers no words yet: `answers set` adds one.", err=True)
    for each in found:
        for locale, wording in each.wordings.items():
            click.echo(f"{each.shown}\t{each.uses}\t{locale}\t{wording.segments}\t{wording.text}")


@group.command("off")
@for_client
@click.argument("word")
def end_answer(*, slug: str, word: str) -> None:
    """Answer WORD no more."""
    with unit_of_work(service.UnknownClient, answers.UnknownKeyword) as session:
        client = service.client_named(session, slug)
        answers.end_answer(session, client, word)
    click.echo(f"{word.upper()} is not answered any more.")
