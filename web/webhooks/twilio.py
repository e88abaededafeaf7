"""Twilio's webhooks: a text came in, or something became of one that we sent."""

from __future__ import annotations

import re
import threading
import time
import uuid

import structlog
from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import OperationalError
from twilio.twiml.messaging_response import MessagingResponse
from werkzeug.exceptions import BadRequest

from bot import db
from bot.clock import utc_now
from bot.config import settings
from bot.dialogue.service import Inbound
from bot.messaging import jobs, receipts
from bot.messaging.texts import Reply
from bot.phones import is_phone
from flows import dialogue
from web import access

routes = Blueprint("twilio", __name__, url_prefix="/webhooks/twilio")
log = structlog.get_logger()

#: A database that restarts is back within seconds; Twilio waits for fifteen, its fallback included.
TRY_FOR_SECONDS = 4.0
PAUSE_SECONDS = 0.25
#: Threads that may wait for the database in one process. The others go on to say that it is away.
_waiting = threading.BoundedSemaphore(4)


@routes.post("/inbound")
@access.twilio_signed
def inbound(form: access.Form) -> ResponseReturnValue:
    """Take a text and answer with the replies."""
    text = _text(form)
    structlog.contextvars.bind_contextvars(message_sid=text.provider_id)
    if not is_phone(text.from_number):
        log.info("inbound_not_from_a_phone", body_length=len(text.body))
        return _twiml([])
    return _twiml(_receive(text))


@routes.post("/status")
@access.twilio_signed
def status(form: access.Form) -> ResponseReturnValue:
    """Keep a receipt. It is applied to the ledger later, in a batch, so that Twilio never waits for that."""
    provider_id, word = _required(form, "MessageSid", "MessageStatus")
    structlog.contextvars.bind_contextvars(message_sid=provider_id)
    with db.statement() as connection:
        receipts.append(
            connection,
            message_id=_uuid(request.args.get("m", "")),
            provider_id=provider_id,
            status=word,
            error_code=_integer(form.get("ErrorCode", "")),
            now=utc_now(),
        )
    jobs.wake_applier()
    return "", 204


def _receive(text: Inbound) -> list[Reply]:
    """Take a text; while the database restarts or cuts us off, try again for some seconds.

    A STOP that is answered 503 is lost, because Twilio does not send a text again. Trying again does nothing
    twice: the same MessageSid changes nothing.
    """
    until = time.monotonic() + TRY_FOR_SECONDS
    while True:
        try:
            with db.transaction() as session:
                return dialogue.receive(session, text, now=utc_now())
        except OperationalError as error:
            if time.monotonic() > until or not _waiting.acquire(blocking=False):
                raise
            log.warning("turn_interrupted", error=str(error.orig))
        try:
            time.sleep(PAUSE_SECONDS)
        finally:
            _waiting.release()


def _text(form: access.Form) -> Inbound:
    provider_id, from_number, to_number = _required(form, "MessageSid", "From", "To")
    files = range(min(_integer(form.get("NumMedia", "")) or 0, 10))  # Twilio's most is ten
    return Inbound(
        provider_id=provider_id,
        from_number=from_number,
        to_number=to_number,
        messaging_service_sid=form.get("MessagingServiceSid") or None,
        body=form.get("Body", ""),
        media=tuple(
            (form[f"MediaUrl{file}"], form.get(f"MediaContentType{file}", ""))
            for file in files
            if f"MediaUrl{file}" in form
        ),
        opt_out_type=form.get("OptOutType") or None,
    )


def _twiml(replies: list[Reply]) -> Response:
    """The replies as TwiML. Each carries its id in the ledger, so that its receipts find it."""
    response = MessagingResponse()
    for reply in replies:
        response.message(
            body=reply.text, action=f"{settings().public_url}/webhooks/twilio/status?m={reply.message_id}"
        )
    return Response(str(response), mimetype="text/xml")


def _required(form: access.Form, *names: str) -> list[str]:
    missing = [name for name in names if not form.get(name)]
    if missing:
        raise BadRequest(f"The webhook lacks {' and '.join(missing)}.")
    return [form[name] for name in names]


def _uuid(value: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(value)
    except ValueError:
        return None


def _integer(value: str) -> int | None:
    return int(value) if re.fullmatch(r"[0-9]{1,9}", value) else None
