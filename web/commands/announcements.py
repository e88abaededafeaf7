"""``announcements``: what was announced, and what became of every text of it."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

import click
from flask.cli import AppGroup

from bot.announcements import queries, service
from bot.announcements.queries import UnknownAnnouncement
from bot.messaging import errors, holds, inspection, unknowns
from bot.messaging import queries as messaging
from bot.messaging.inspection import Chunks
from bot.messaging.models import Rendering, Sender
from bot.messaging.queries import Part
from web.commands.showing import block, line, moment
from web.commands.unit_of_work import unit_of_work

group = AppGroup("announcements", help="What was announced, and what became of every text of it.")


@group.command("list")
@click.option("--client", "slug", help="Only this client's, by its slug.")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 1000))
def list_announcements(*, slug: str | None, limit: int) -> None:
    """Name the newest announcements: id, client, status, when confirmed, and for how many."""
    with unit_of_work(UnknownAnnouncement) as session:
        newest = queries.announcements(session, slug=slug, limit=limit)
    if not newest:
        click.echo("There is no announcement yet.", err=True)
    for announcement, client in newest:
        size = "-" if announcement.audience_size is None else announcement.audience_size
        confirmed = moment(announcement.confirmed_at)
        click.echo(f"{announcement.id}\t{client.slug}\t{announcement.status}\t{confirmed}\t{size}")


@group.command("show")
@click.argument("announcement")
def show(announcement: str) -> None:
    """Show ANNOUNCEMENT, an id or a client's slug (then the client's latest).

    Its texts and times, its ledger as a sum, failures by their codes, and who is sending it. Ends with 1 when
    the sum is not the audience, which must never be.
    """
    with unit_of_work(UnknownAnnouncement) as session:
        found, client = queries.named(session, announcement)
        texts = inspection.renderings(session, "announcement", found.id)
        wordings = service.wordings(session, found.id)
        parts = messaging.breakdown(session, "announcement", found.id)
        chunks = inspection.chunks(session, "announcement", found.id)
        sender = session.get_one(Sender, found.sender_id)
        hold = holds.of(session, "announcement", found.id)
        resent = unknowns.resent(session, "announcement", found.id)
    line("id", found.id)
    line("client", f"{client.name} ({client.slug}, {client.status})")
    line("status", found.status)
    for name in ("created", "confirmed", "fanned_out", "reported"):
        line(name.replace("_", " "), moment(getattr(found, f"{name}_at")))
    line("expires", moment(found.expires_at))
    if found.redacted_at is not None:
        line("redacted", moment(found.redacted_at))
    if sender.paused_at is not None:
        line("sender", f"{sender.provider_id} paused {moment(sender.paused_at)}: {sender.paused_reason}")
    if found.scheduled_for is not None:
        line("planned for", moment(found.scheduled_for))
    if found.urgent_because is not None:
        line("urgent", found.urgent_because)
    if hold is not None:
        line("paused", moment(hold.held_at))
        line("dropped", moment(hold.dropped_at))
    if texts:
        block("texts", _texts(texts))
    else:
        block("wordings", (f"{locale} {text}" for locale, text in wordings.items()))
    if found.confirmed_at is None:
        return
    total = sum(part.count for part in parts)
    audience = found.audience_size or 0
    not_yet_queued = max(0, audience - total) if found.fanned_out_at is None else 0
    line("ledger", _equation(audience, parts, not_yet_queued))
    block("failures", _failures(parts))
    block("once more", (f"{count} × by {who}, left no trace at Twilio" for who, count in resent.items()))
    block("chunks", _chunks(chunks))
    if total + not_yet_queued != audience:
        click.echo(f"The parts sum to {total + not_yet_queued}, not to the audience of {audience}.", err=True)
        sys.exit(1)


def _texts(renderings: Sequence[Rendering]) -> Iterator[str]:
    for each in renderings:
        yield f"{each.locale}, {each.segments} × {each.encoding}:"
        yield from (f"  {text}" for text in each.text.splitlines())


def _equation(audience: int, parts: list[Part], not_yet_queued: int) -> str:
    terms: dict[str, int] = {"not yet queued": not_yet_queued} if not_yet_queued else {}
    for part in parts:
        name = f"{part.status} ({part.skip_reason})" if part.skip_reason else part.status
        terms[name] = terms.get(name, 0) + part.count
    return f"{audience} = " + (" + ".join(f"{count} {name}" for name, count in terms.items()) or "0")


def _failures(parts: list[Part]) -> Iterator[str]:
    codes: dict[int, int] = {}
    for part in parts:
        if part.error_code is not None:
            codes[part.error_code] = codes.get(part.error_code, 0) + part.count
    for code, count in sorted(codes.items(), key=lambda each: (-each[1], each[0])):
        yield f"{count} × {errors.meaning(code)}"


def _chunks(chunks: Chunks) -> Iterator[str]:
    waiting = chunks.total - chunks.finished - len(chunks.held)
    yield f"{chunks.total} = {chunks.finished} finished + {len(chunks.held)} held + {waiting} waiting"
    if chunks.due is not None:
        yield f"the first that waits is due {moment(chunks.due)}"
    for chunk in chunks.held:
        ran_out = " (ran out: the next worker takes it over)" if chunk.expired else ""
        yield f"{chunk.id} held by {chunk.holder} until {moment(chunk.leased_until)}{ran_out}"
