"""Listing: reading back which texts Twilio has, a page at a time, newest first.

Twilio's own library fails here with an exception that does not say why, so the pages are asked for directly:
https://www.twilio.com/docs/messaging/api/message-resource#read-multiple-message-resources. It filters by To,
From and the day of sending only; a text that has not been sent has no such day, so that filter is not used.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode

import aiohttp

from bot.config import Settings

PAGE_SIZE = 100
#: What is not found on so many pages is not looked for further: then nothing is known.
MOST_PAGES = 50
PAUSE_SECONDS = 0.1  # between pages: nobody waits for them, and others use the same account
CONNECT_SECONDS = 3
TOTAL_SECONDS = 10  # for a page


class CouldNotLook(Exception):
    """Twilio did not show its list, or not far enough back. Nothing follows from that."""


@dataclass(frozen=True)
class Listed:
    """A text as Twilio has it. ``status`` is Twilio's word."""

    sid: str
    direction: str  # inbound | outbound-api | outbound-reply | …
    to: str
    from_: str | None  # not known before a Messaging Service has chosen a number
    service_sid: str | None
    body: str
    media_count: int
    status: str
    error_code: int | None
    created_at: datetime


class Listing:
    """Twilio's list of texts. Used as a context, in one event loop."""

    def __init__(self, settings: Settings) -> None:
        self._base_url = settings.twilio_api_base_url
        self._path = f"/2010-04-01/Accounts/{settings.twilio_account_sid}/Messages.json"
        token = settings.twilio_auth_token.get_secret_value()
        self._session = aiohttp.ClientSession(
            headers={"Authorization": aiohttp.encode_basic_auth(settings.twilio_account_sid, token)},
            timeout=aiohttp.ClientTimeout(total=TOTAL_SECONDS, connect=CONNECT_SECONDS),
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    async def to(self, number: str, *, since: datetime) -> list[Listed]:
        """Every text to a number (E.164) that was created since a moment, newest first.

        :raises CouldNotLook: the list could not be had, or was too long.
        """
        found: list[Listed] = []
        uri: str | None = f"{self._path}?{urlencode({'To': number, 'PageSize': PAGE_SIZE})}"
        for page in range(MOST_PAGES):
            if uri is None:
                return found
            if page:
                await asyncio.sleep(PAUSE_SECONDS)
            texts, uri = await self._page(uri)
            found += [text for text in texts if text.created_at >= since]
            if len(found) < (page + 1) * PAGE_SIZE:
                return found
        raise CouldNotLook(f"more than {MOST_PAGES} pages")

    async def _page(self, uri: str) -> tuple[list[Listed], str | None]:
        try:
            async with self._session.get(self._base_url + uri, allow_redirects=False) as answer:
                if answer.status != 200:
                    raise CouldNotLook(f"HTTP {answer.status}")
                page = await answer.json(content_type=None)
            return [_listed(each) for each in page["messages"]], page["next_page_uri"]
        except (aiohttp.ClientError, TimeoutError) as error:
            raise CouldNotLook(type(error).__name__) from error
        except (ValueError, KeyError, TypeError) as error:
            raise CouldNotLook(f"unreadable list: {type(error).__name__}") from error

    async def __aenter__(self) -> Self:
        """Read over kept connections."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the connections."""
        await self._session.close()


def _listed(each: dict[str, Any]) -> Listed:
    return Listed(
        sid=each["sid"],
        direction=each["direction"],
        to=each["to"],
        from_=each["from"],
        service_sid=each["messaging_service_sid"],
        body=each["body"],
        media_count=int(each["num_media"]),
        status=each["status"],
        error_code=each["error_code"],
        created_at=parsedate_to_datetime(each["date_created"]),
    )
