"""``messages``: one text and everything that happened to it."""

from __future__ import annotations

import click
from flask.cli import AppGroup
from sqlalchemy.orm import Session

from bot.dialogue import inbox
from bot.dialogue.models import Inbound
from bot.messaging import errors, inspection
from bot.messaging.models import Chunk, ContactPoint, Message, MessageHistory, Rendering, Sender
from web.commands import unknowns
from web.commands.showing import block, line, moment
from web.commands.unit_of_work import unit_of_work

group = AppGroup("messages", help="One text and everything that happened to it.")
group.add_command(unknowns.group)


class UnknownMessage(LookupError):
    """No text has this id, ours or Twilio's."""


@group.command("show")
@click.argument("message")
@click.option("--text", "with_text", is_flag=True, help="Show the text too. It may be private.")
def show(message: str, *, with_text: bool) -> None:
    """Show MESSAGE, our id or Twilio's MessageSid, of a text that we sent or got, with every step of it."""
    with unit_of_work(UnknownMessage) as session:
        sent = inspection.find_message(session, message)
        if sent is not None:
            _show_sent(session, sent, with_text=with_text)
            return
        got = inbox.find(session, message)
        if got is None:
            raise UnknownMessage(f"There is no text {message!r}: give our id of it, or Twilio's MessageSid.")
        _show_got(session, got, with_text=with_text)


def _show_sent(session: Session, message: Message, *, with_text: bool) -> None:
    rendering = session.get_one(Rendering, message.rendering_id)
    _head(session, message.id, message.provider_id, message.contact_point_id, message.sender_id)
    line("purpose", f"{message.purpose} of {message.source_type} {message.source_id}")
    line("text", f"{rendering.locale}, {rendering.segments} × {rendering.encoding}")
    if with_text:
        block("", rendering.text.splitlines())
    if rendering.redacted_at is not None:
        line("redacted", moment(rendering.redacted_at))
    line("status", f"{message.status} ({message.skip_reason})" if message.skip_reason else message.status)
    if message.error_code is not None:
        line("error", errors.meaning(message.error_code))
    line("created", moment(message.created_at))
    line("expires", moment(message.expires_at))
    line("attempts", message.attempts)
    if message.next_attempt_at is not None:
        line("next", moment(message.next_attempt_at))
    chunk = message.chunk_id and session.get(Chunk, message.chunk_id)
    if chunk:
        line("chunk", f"{chunk.id}, {_state(chunk)}")
    block("steps", (_step(step) for step in inspection.history(session, message.id)))


def _show_got(session: Session, inbound: Inbound, *, with_text: bool) -> None:
    _head(session, inbound.id, inbound.provider_id, inbound.contact_point_id, inbound.sender_id)
    line("purpose", "a text to us")
    if with_text:
        block("text", inbound.body.splitlines())
    if inbound.redacted_at is not None:
        line("redacted", moment(inbound.redacted_at))
    line("media", inbound.media_count)
    line("received", moment(inbound.received_at))
    line("outcome", inbound.outcome)
    replies = inspection.messages_of(session, "inbound", inbound.id)
    block("replies", (f"{reply.id} {reply.status}" for reply in replies))


def _head(
    session: Session, ours: object, twilio_s: str | None, contact_point: object, sender: object
) -> None:
    point = session.get_one(ContactPoint, contact_point)
    line("id", ours)
    line("MessageSid", twilio_s or "-")
    suppressed = f", suppressed for {point.suppressed_reason}" if point.suppressed_reason else ""
    line("person", f"…{point.last4}, contact point {point.id}{suppressed}")
    line("sender", session.get_one(Sender, sender).provider_id)


def _state(chunk: Chunk) -> str:
    if chunk.finished_at is not None:
        return f"finished {moment(chunk.finished_at)}"
    if chunk.lease_token is not None:
        return f"held by {chunk.leased_by} until {moment(chunk.leased_until)}"
    return f"waits, due {moment(chunk.not_before)}"


def _step(step: MessageHistory) -> str:
    detail = step.detail or ""
    return f"{moment(step.at)} {step.status:<12}{step.source:<9}{detail}".rstrip()
