"""``subscribers``: the people who follow a client."""

from __future__ import annotations

from pathlib import Path

import click
from flask.cli import AppGroup

from web.commands import importing

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
