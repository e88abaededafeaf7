"""Twilio: creating messages, with timeouts, kept connections, and an answer for everything that can happen.

What matters about an answer is whether Twilio may have taken the message. :class:`Ambiguous` says that we
can't know; after every other refusal it certainly has not. Facts: twilio.com/docs/api/errors and the
documentation of the Message resource.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import aiohttp

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
    """Creates messages over kept connections. Made and used in one event loop.

    It makes the request itself, and what stays the same from text to text once. Twilio's own async client has
    no timeout, stops at 100 connections, logs the numbers that it calls, loses Retry-After, and takes longer
    over one request and its answer than everything else that we do for a text.
    """

    def __init__(self, settings: Settings) -> None:
        account = settings.twilio_account_sid
        self._url = f"{settings.twilio_api_base_url}/2010-04-01/Accounts/{account}/Messages.json"
        self._status_callback = f"{settings.public_url}/webhooks/twilio/status?m="
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0),
            timeout=aiohttp.ClientTimeout(total=TOTAL_SECONDS, connect=CONNECT_SECONDS),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={
                "Authorization": aiohttp.encode_basic_auth(
                    account, settings.twilio_auth_token.get_secret_value()
                ),
                "Content-Type": "application/x-www-form-urlencoded",
                "Accept": "application/json",
            },
        )

    async def send(self, text: Text) -> Outcome:
        """Ask Twilio to send a text; whatever happens comes back as an outcome."""
        form = urlencode(self._form(text)).encode()  # aiohttp's own forms are made for files
        try:
            async with self._session.post(self._url, data=form, allow_redirects=False) as answer:
                body = (await answer.read()).decode(errors="replace")
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            return Unreachable(type(error).__name__)
        except (aiohttp.ClientError, TimeoutError) as error:
            return Ambiguous(type(error).__name__)
        return _outcome(answer.status, _json_object(body), answer.headers)

    def _form(self, text: Text) -> list[tuple[str, str]]:
        form = [
            ("To", text.to),
            ("Body", text.body),
            ("StatusCallback", f"{self._status_callback}{text.message_id}"),
            ("MessagingServiceSid" if text.sender.startswith("MG") else "From", text.sender),
        ]
        if text.validity_seconds is not None:
            form.append(("ValidityPeriod", str(min(max(text.validity_seconds, 1), 36_000))))
        return form + [("MediaUrl", url) for url in text.media]

    async def close(self) -> None:
        """Close the connections."""
        await self._session.close()


def _outcome(status: int, body: dict[str, Any], headers: Mapping[str, str]) -> Outcome:
    """What an answer means."""
    if 200 <= status < 300:
        sid = body.get("sid")
        if isinstance(sid, str):
            return Accepted(sid, str(body.get("status")))
        return Ambiguous(f"unreadable answer, HTTP {status}")
    if not 400 <= status < 500:
        return Ambiguous(f"HTTP {status}")
    code = body.get("code")
    code = code if isinstance(code, int) else status
    if status == 429 or code == TOO_MANY_REQUESTS:
        return RateLimited(code, _seconds(headers.get("Retry-After")))
    return Rejected(UNAUTHORIZED if code == 401 else code)


def _json_object(text: str) -> dict[str, Any]:
    try:
        body = json.loads(text)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _seconds(retry_after: str | None) -> float | None:
    """Retry-After in seconds; its other form, a date, is not Twilio's."""
    return float(retry_after) if retry_after and retry_after.isdecimal() else None
