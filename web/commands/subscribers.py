"""``subscribers``: the people who follow a client."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable
from pathlib import Path

import click
from flask.cli import AppGroup

from bot import phones
from bot.audience import exporting, hours, service
from bot.audience.exporting import Subscriber
from bot.audience.service import UnknownClient, client_named
from bot.clock import utc_now
from bot.crypto import UnknownKeyVersion, Unreadable
from web.commands import erasing, importing, person
from web.commands.unit_of_work import unit_of_work

group = AppGroup("subscribers", help="The people who follow a client.")


@group.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--client", "slug", required=True, help="Whom they will follow: a slug that `clients list` shows."
)
@click.option(
    "--consent", required=True, help="Where they said that they want texts. Kept for every one of them."
)
@click.option(
    "--region", help="Whose the national numbers are, like US; by default those of the owner's number."
)
def import_list(*, file: Path, slug: str, consent: str, region: str | None) -> None:
    """Let everybody in FILE follow a client.

    FILE is CSV whose first line names the columns: phone, and if you like locale and name, in any order.
    Whoever opted out or left stays out. It may be run again, also after Ctrl-C: it goes on where it was.
    """
    importing.run(file, slug=slug, consent=consent, region=region)


@group.command("export")
@click.option("--client", "slug", required=True, help="Whose subscribers; `clients list` shows slugs.")
@click.option("--output", type=click.Path(path_type=Path), help="A new file to write to, instead of here.")
def export_list(*, slug: str, output: Path | None) -> None:
    """Write everybody who follows or followed a client as CSV: phone, locale, name, joined_at, status.

    A cell that a spreadsheet would run as a formula begins with an apostrophe, also +1…; the import takes it
    away. A file has a byte order mark, so that Excel reads names right.
    """
    with unit_of_work(UnknownClient, UnknownKeyVersion, Unreadable) as session:
        people = exporting.subscribers(session, client_named(session, slug))
        if output is None:
            assert isinstance(sys.stdout, io.TextIOWrapper)
            sys.stdout.reconfigure(encoding="utf-8", newline="")
            exporting.write(sys.stdout, people)
        else:
            count = _write_file(output, people)
            click.echo(f"{output} has {count:,} people. It holds their numbers in the clear.", err=True)


@group.command("show")
@click.argument("phone")
@click.option("--text", "with_text", is_flag=True, help="Show the texts too. They may be private.")
def show_person(phone: str, *, with_text: bool) -> None:
    """Show what we know of the person whose number PHONE is, with country code: +1 555 010 0001."""
    person.show(phone, with_text=with_text)


@group.command("erase")
@click.argument("phone")
@click.option("--yes", "sure", is_flag=True, help="Don't ask whether it is meant.")
def erase_person(phone: str, *, sure: bool) -> None:
    """Erase the person whose number PHONE is, with country code. Their STOP stays."""
    erasing.run(phone, sure=sure)


def _write_file(path: Path, people: Iterable[Subscriber]) -> int:
    try:
        path.touch(mode=0o600, exist_ok=False)
    except FileExistsError:
        raise click.ClickException(f"{path} is there already: name a new file.") from None
    except OSError as error:
        raise click.ClickException(f"{path} can't be written: {error.strerror}.") from error
    try:
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            return exporting.write(file, people)
    except BaseException:
        path.unlink()  # half a list would pass for a whole one
        raise


@group.command("place")
@click.argument("number")
@click.option("--time-zone", required=True, help="Like America/Denver.")
@click.option("--region", help="ISO 3166, like US-CO; by default that of the number.")
def place(*, number: str, time_zone: str, region: str | None) -> None:
    """Say where the person behind NUMBER is; else their number decides when they are texted."""
    with unit_of_work(phones.InvalidNumber, service.UnknownTimeZone) as session:
        contact_point = service.person_at(session, phones.parse(number), now=utc_now())
        found = hours.place(session, contact_point, time_zone=time_zone, region=region)
    click.echo(
        f"They are texted by the clock of {', '.join(found.zones)}, region {found.region or 'unknown'}."
    )
