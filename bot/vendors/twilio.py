"""Twilio: creating messages, with timeouts, kept connections, and an answer for everything that can happen.

What matters about an answer is whether Twilio may have taken the message. :class:`Ambiguous` says that we
can't know; after every other refusal it certainly has not. Facts: twilio.com/docs/api/errors and the
documentation of the Message resource.
"""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

import aiohttp
from twilio.http import AsyncHttpClient
from twilio.http.response import Response
from twilio.rest import Client

from bot.config import Settings

TOO_MANY_REQUESTS = 20429
UNAUTHORIZED = 20003

#: A handshake takes milliseconds; who does not answer in three seconds won't.
CONNECT_SECONDS = 3
#: Past this the answer is given up, and the receipt tells.
TOTAL_SECONDS = 10


@dataclass(frozen=True)
class Accepted:
    """Twilio has it. ``status`` is Twilio's word: accepted, queued, …"""

    sid: str
    status: str


@dataclass(frozen=True)
class RateLimited:
    """Never processed; safe to send again. ``retry_after`` is in seconds, where Twilio names them."""

    code: int
    retry_after: float | None


@dataclass(frozen=True)
class Rejected:
    """Not accepted, for a reason that Twilio names. Its code, or the HTTP status where there is none."""

    code: int


@dataclass(frozen=True)
class Unreachable:
    """Never processed, because there was no connection. Safe to send later."""

    reason: str


@dataclass(frozen=True)
class Ambiguous:
    """Twilio may have taken the message, or not. Only a receipt or Twilio's list of messages can tell."""

    reason: str


Outcome = Accepted | RateLimited | Rejected | Unreachable | Ambiguous


@dataclass(frozen=True)
class Text:
    """One text to one phone.

    :param sender: a Messaging Service's sid (``MG…``) or one of our numbers in E.164.
    :param validity_seconds: how long Twilio may keep trying; it takes 1 to 36,000.
    :param media: URLs of up to ten pictures, where Twilio can fetch them.
    """

    message_id: uuid.UUID
    to: str
    sender: str
    body: str
    validity_seconds: int | None = None
    media: tuple[str, ...] = ()


class Twilio:
    """Creates messages over kept connections. Made and used in one event loop."""

    def __init__(self, settings: Settings) -> None:
        self._http = _KeptConnections(settings.twilio_api_base_url)
        self._client = Client(
            settings.twilio_account_sid,
            settings.twilio_auth_token.get_secret_value(),
            http_client=self._http,
        )
        self._status_callback = f"{settings.public_url}/webhooks/twilio/status?m="

    async def send(self, text: Text) -> Outcome:
        """Ask Twilio to send a text; whatever happens comes back as an outcome."""
        asked: dict[str, Any] = {
            "to": text.to,
            "body": text.body,
            "status_callback": f"{self._status_callback}{text.message_id}",
        }
        asked["messaging_service_sid" if text.sender.startswith("MG") else "from_"] = text.sender
        if text.validity_seconds is not None:
            asked["validity_period"] = min(max(text.validity_seconds, 1), 36_000)
        if text.media:
            asked["media_url"] = list(text.media)
        try:
            message = await self._client.messages.create_async(**asked)
        except _NotAccepted as answer:
            return answer.outcome
        return Accepted(str(message.sid), str(message.status))

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()


class _NotAccepted(Exception):
    """The answer to a call that did not give us a message."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(str(outcome))
        self.outcome = outcome


class _KeptConnections(AsyncHttpClient):  # type: ignore[misc]  # Twilio's library has no types
    """What Twilio's client calls through.

    Twilio's own AsyncTwilioHttpClient has no timeout, stops at 100 connections, logs the numbers that it
    calls, and loses Retry-After.
    """

    def __init__(self, base_url: str) -> None:
        super().__init__(logging.getLogger(__name__), is_async=True, timeout=TOTAL_SECONDS)
        self._base_url = base_url
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0),
            timeout=aiohttp.ClientTimeout(total=TOTAL_SECONDS, connect=CONNECT_SECONDS),
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    async def request(  # noqa: PLR0917  # Twilio's signature
        self,
        method: str,
        url: str,
        params: Mapping[str, object] | None = None,
        data: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,  # noqa: ARG002, ASYNC109  # the session's timeouts hold for every call
        allow_redirects: bool = False,
    ) -> Response:
        """Make one request; anything but a message in the answer is raised as ``_NotAccepted``."""
        try:
            async with self._session.request(
                method,
                self._base_url + urlsplit(url).path,
                params={name: str(value) for name, value in (params or {}).items()},
                data=urlencode(data or {}, doseq=True).encode(),  # aiohttp's forms are made for files
                headers=dict(headers or {}) | _authorization(auth),
                allow_redirects=allow_redirects,
            ) as answer:
                text = await answer.text(errors="replace")
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise _NotAccepted(Unreachable(type(error).__name__)) from error
        except (aiohttp.ClientError, TimeoutError) as error:
            raise _NotAccepted(Ambiguous(type(error).__name__)) from error
        outcome = _refusal(answer.status, text, answer.headers)
        if outcome is not None:
            raise _NotAccepted(outcome)
        return Response(answer.status, text, answer.headers)

    async def close(self) -> None:
        await self._session.close()


def _refusal(status: int, text: str, headers: Mapping[str, str]) -> Outcome | None:
    """What an answer means, unless it is a message."""
    body = _json_object(text)
    if 200 <= status < 300:
        return None if isinstance(body.get("sid"), str) else Ambiguous(f"unreadable answer, HTTP {status}")
    if not 400 <= status < 500:
        return Ambiguous(f"HTTP {status}")
    code = body.get("code")
    code = code if isinstance(code, int) else status
    if status == 429 or code == TOO_MANY_REQUESTS:
        return RateLimited(code, _seconds(headers.get("Retry-After")))
    return Rejected(UNAUTHORIZED if code == 401 else code)


def _authorization(auth: tuple[str, str] | None) -> dict[str, str]:
    return {"Authorization": aiohttp.encode_basic_auth(*auth)} if auth else {}


def _json_object(text: str) -> dict[str, Any]:
    try:
        body = json.loads(text)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _seconds(retry_after: str | None) -> float | None:
    """Retry-After in seconds; its other form, a date, is not Twilio's."""
    return float(retry_after) if retry_after and retry_after.isdecimal() else None
