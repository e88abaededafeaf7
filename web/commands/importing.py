"""The import of a list, batch by batch, as its operator watches it."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import click

from bot import phones
from bot.audience import queries, service
from bot.audience.importing.columns import UnusableHeader
from bot.audience.importing.files import UnreadableFile
from bot.audience.importing.joining import Joined, Provenance, join
from bot.audience.importing.lists import SubscriberList, open_list
from bot.audience.models import Client
from bot.clock import utc_now
from web.commands.unit_of_work import unit_of_work

#: Where nobody watches a bar, a line is printed each time so many rows are done.
ROWS_PER_LINE = 50_000
LONGEST_CONSENT = 500


def run(file: Path, *, slug: str, consent: str, region: str | None) -> None:
    """Import a list; after Ctrl-C, or whatever ends it, the next run goes on."""
    provenance = Provenance(_consent(consent), file.name)
    client, region = _client_and_region(slug, region)
    click.echo(f"Numbers without a country code are read as {region} numbers.", err=True)
    joined = Joined()
    try:
        with open_list(file, region=region) as subscribers, _until_ctrl_c() as pressed:
            try:
                with _progress(file.stat().st_size) as advance:
                    for batch in subscribers.batches():
                        with unit_of_work() as session:
                            new = join(session, batch, client, provenance, now=utc_now())
                        joined += new
                        advance(subscribers)
                        if pressed():
                            raise click.ClickException("Stopped. The same command goes on from here.")
            finally:
                click.echo(_report(subscribers, joined, client))
    except (UnreadableFile, UnusableHeader) as mistake:
        raise click.ClickException(str(mistake)) from mistake
    except OSError as error:
        raise click.ClickException(f"{error.filename or file}: {error.strerror}") from error


def _consent(words: str) -> str:
    words = " ".join(words.split())
    if not 1 <= len(words) <= LONGEST_CONSENT:
        raise click.ClickException(
            f"Say with --consent, in up to {LONGEST_CONSENT} characters, where these people asked for texts: "
            'like "paper form at the counter, spring 2026".'
        )
    return words


def _client_and_region(slug: str, region: str | None) -> tuple[Client, str]:
    with unit_of_work(service.UnknownClient, phones.UnknownRegion) as session:
        client = service.client_named(session, slug)
        known = phones.known_region(region) if region else queries.region_of(session, client.id)
    if known is None:
        raise click.ClickException(
            f"{client.name} has no owner whose region it could be: say it with --region."
        )
    return client, known


@contextmanager
def _until_ctrl_c() -> Iterator[Callable[[], bool]]:
    """Ctrl-C lets the batch be finished, and what was done be told; pressed again, it ends at once."""
    pressed = threading.Event()

    def note(number: int, frame: FrameType | None) -> None:
        if pressed.is_set():
            signal.default_int_handler(number, frame)
        pressed.set()

    before = signal.getsignal(signal.SIGINT)
    if before is not signal.SIG_IGN:  # started with `&`, it is not meant
        signal.signal(signal.SIGINT, note)
    try:
        yield pressed.is_set
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _progress(size: int) -> Iterator[Callable[[SubscriberList], None]]:
    """A bar on a terminal, lines elsewhere."""
    if sys.stderr.isatty():
        with click.progressbar(length=size, label="Importing", file=sys.stderr) as bar:
            yield lambda subscribers: bar.update(subscribers.position - bar.pos)
    else:
        yield _print_now_and_then


def _print_now_and_then(subscribers: SubscriberList) -> None:
    if subscribers.rows and subscribers.rows % ROWS_PER_LINE == 0:
        click.echo(f"{subscribers.rows:,} rows are done.", err=True)


def _report(subscribers: SubscriberList, joined: Joined, client: Client) -> str:
    columns = ", ".join(f"{what} from {title!r}" for what, title in subscribers.columns.named().items())
    counts = [
        (joined.new, f"now follow {client.name}"),
        (joined.already, "followed already, or stand twice in the list"),
        (joined.opted_out, "opted out, and stay so"),
        (joined.left, f"left {client.name}, and stay away until they JOIN again themselves"),
        (joined.erased, "had themselves erased, and stay so until they text us"),
        (subscribers.rejected, f"could not be taken: {subscribers.rejects.path} says why"),
    ]
    lines = [f"{subscribers.rows:,} rows were read: {columns}."]
    lines += [f"{count:>11,}  {what}" for count, what in counts if count]
    for unknown, count in subscribers.unknown_locales.items():
        lines.append(f"{count:>11,}  in {unknown!r}, which Nudges does not write: they get {client.locale}")
    return "\n".join(lines)
