"""Twilio's REST API for messages: https://www.twilio.com/docs/messaging/api/message-resource

And what it says about its Messaging Services.
"""

from __future__ import annotations

import asyncio
import base64
from datetime import UTC, datetime
from typing import Final

from . import services
from .account import Account, check_content, parse_number
from .errors import TwilioRefusalError
from .faults import Fault
from .listing import list_messages
from .messages import API_VERSION, FINAL, Message, resource_json
from .segments import segments
from .server import Request, Response, answer_json, parse_form

PREFIX: Final = f"/{API_VERSION}/"
PREFIXES: Final = (PREFIX, services.PREFIX)
_SOONEST: Final = 300
_LATEST: Final = 35 * 24 * 3600


class Api:
    """Answers requests under /2010-04-01/ and /v1/Services/."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._credentials: tuple[str, str] = ("", "")
        self._authorization = b""
        self.created = 0

    def handle(self, request: Request) -> Response | asyncio.Task[Response]:
        """Route one request; a refusal becomes Twilio's error JSON."""
        try:
            self._authenticate(request)
            if request.path.startswith(services.PREFIX):
                return self._service(request)
            return self._route(request)
        except TwilioRefusalError as refusal:
            return _refuse(refusal)

    def _authenticate(self, request: Request) -> None:
        settings = self._account.settings
        credentials = (settings.account_sid, settings.auth_token)
        if credentials != self._credentials:
            self._credentials = credentials
            self._authorization = b"Basic " + base64.b64encode(":".join(credentials).encode())
        if request.headers.get(b"authorization") != self._authorization:
            raise TwilioRefusalError(20003)

    def _route(self, request: Request) -> Response | asyncio.Task[Response]:
        base = f"{PREFIX}Accounts/{self._account.settings.account_sid}/Messages"
        path = request.path
        if path == f"{base}.json":
            if request.method == "POST":
                return self._create(request)
            if request.method == "GET":
                document = list_messages(self._account, request.query, f"{base}.json")
                return answer_json(200, document)
            raise TwilioRefusalError(20004)
        if path.startswith(f"{base}/") and "/Media/" in path and request.method == "GET":
            return self._account.media.redirect(request)
        sid = path.removeprefix(f"{base}/").removesuffix(".json")
        if path != f"{base}/{sid}.json" or "/" in sid:
            raise TwilioRefusalError(20404, path)
        message = self._account.store.get(sid)
        if message is None or message.deleted:
            raise TwilioRefusalError(20404, path.removeprefix(f"/{API_VERSION}"))
        if request.method == "GET":
            return self._show(200, message)
        if request.method == "POST":
            return self._update(message, request)
        if request.method == "DELETE":
            return _delete(message)
        raise TwilioRefusalError(20004)

    def _service(self, request: Request) -> Response:
        if request.method != "GET":
            raise TwilioRefusalError(20004)
        return answer_json(200, services.read(self._account.settings, request.path))

    def _create(self, request: Request) -> Response | asyncio.Task[Response]:
        form = parse_form(request.body.decode("utf-8", "replace"))
        to = _first(form, "To")
        if not to:
            raise TwilioRefusalError(21604)
        to = parse_number(to, 21211)
        fault = self._account.faults.first("create", to)
        if fault is not None and fault.kind == "never_answered":
            return Response(500, fate="hang")
        if fault is not None and fault.code is not None:
            raise TwilioRefusalError(fault.code, to)
        message, at = self._message(form, to)
        self._account.send(message, at=at)
        self.created += 1
        response = self._show(201, message)
        return response if fault is None else _afflict(response, fault)

    def _message(self, form: dict[str, list[str]], to: str) -> tuple[Message, float | None]:
        account = self._account
        sender, service_sid = self._sender(form, to)
        if sender == to:
            raise TwilioRefusalError(21266, to)
        body, media = _first(form, "Body"), tuple(form.get("MediaUrl", ()))
        check_content(body, media)
        callback = _first(form, "StatusCallback")
        if callback and not callback.startswith(("http://", "https://")):
            raise TwilioRefusalError(21609, callback)
        now = account.clock()
        at = _send_at(form, service_sid, now)
        # Twilio keeps blocks per service, also for a number of the service that is named alone.
        if account.blocks(service_sid or account.settings.service_of(sender), sender, to):
            raise TwilioRefusalError(21610)
        status = "queued" if service_sid is None else "accepted" if at is None else "scheduled"
        message = Message(
            direction="outbound-api",
            from_=sender,
            to=to,
            body=body,
            status=status,
            num_segments=segments(body),
            service_sid=service_sid,
            sender_given="From" in form,
            media=media,
            callbacks=(callback,) if callback else (),
            now=now,
        )
        return message, at

    def _sender(self, form: dict[str, list[str]], to: str) -> tuple[str, str | None]:
        """The number to send from, and the Messaging Service if one was named."""
        account = self._account
        service_sid, sender = _first(form, "MessagingServiceSid"), _first(form, "From")
        if sender:
            # The parameter that names a number may also name a service.
            if sender.startswith("MG"):
                return account.pick_sender(sender, to), sender
            sender = parse_number(sender, 21212)
            numbers = account.settings.services.get(service_sid, []) if service_sid else None
            known = account.settings.service_of(sender) is not None if numbers is None else sender in numbers
            if not known:
                raise TwilioRefusalError(21606, sender)
            return sender, service_sid or None
        if not service_sid:
            raise TwilioRefusalError(21603)
        return account.pick_sender(service_sid, to), service_sid

    def _update(self, message: Message, request: Request) -> Response:
        form = parse_form(request.body.decode("utf-8", "replace"))
        status = _first(form, "Status")
        if status and status != "canceled":
            raise TwilioRefusalError(20001, "Status can only become canceled")
        if _first(form, "Body"):
            raise TwilioRefusalError(20001, "Body can only become empty")
        if status:
            self._account.cancel(message)
        if "Body" in form:
            if message.status not in FINAL:
                raise TwilioRefusalError(20009)
            message.body = ""
            message.updated_at = self._account.clock()
        return self._show(200, message)

    def _show(self, status: int, message: Message) -> Response:
        return Response(status, resource_json(message, self._account.settings.account_sid).encode())


def _first(form: dict[str, list[str]], name: str) -> str:
    values = form.get(name)
    return values[0] if values else ""


def _send_at(form: dict[str, list[str]], service_sid: str | None, now: float) -> float | None:
    """When a scheduled message is to be sent, in epoch seconds; None for one that is sent now."""
    if not _first(form, "ScheduleType"):
        return None
    if service_sid is None:
        raise TwilioRefusalError(35118)
    text = _first(form, "SendAt")
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise TwilioRefusalError(35111, text) from error
    at = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    if not now + _SOONEST <= at <= now + _LATEST:
        raise TwilioRefusalError(35114)
    return at


def _delete(message: Message) -> Response:
    if message.status not in FINAL:
        raise TwilioRefusalError(20009)
    message.deleted = True
    return Response(204)


def _afflict(response: Response, fault: Fault) -> Response | asyncio.Task[Response]:
    """What becomes of the answer for an accepted message."""
    if fault.kind == "answer_lost":
        response.fate = "drop"
    elif fault.kind == "accepted_never_answered":
        response.fate = "hang"
    else:
        return asyncio.get_running_loop().create_task(_after(fault.seconds, response))
    return response


async def _after(seconds: float, response: Response) -> Response:
    await asyncio.sleep(seconds)
    return response


def _refuse(refusal: TwilioRefusalError) -> Response:
    response = answer_json(refusal.status, refusal.document())
    if refusal.status == 401:
        response.headers = ((b"WWW-Authenticate", b'Basic realm="Twilio API"'),)
    return response
