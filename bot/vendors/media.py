"""Downloading a file that came with a text: bounded in size and time, and kept out of our own network.

Twilio's MediaUrl asks for the account's credentials (where the account enforces that) and redirects to a
store that must not be given them. A URL is data from outside, whoever signed it: only the configured host of
Twilio's API may be a private address, and nobody else ever sees the credentials.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import SplitResult, urljoin, urlsplit

import aiohttp
from aiohttp.abc import ResolveResult

from bot.config import Settings

CONNECT_SECONDS = 3
#: For the whole file, redirects included. Five megabytes take a second; who dribbles is cut off.
TOTAL_SECONDS = 15
MOST_REDIRECTS = 3
_PIECE = 64 * 1024


@dataclass(frozen=True)
class Downloaded:
    """The whole file."""

    content: bytes

    def __str__(self) -> str:
        return f"{len(self.content)} bytes"


@dataclass(frozen=True)
class TooBig:
    """It is bigger than was allowed; the rest was not read."""


@dataclass(frozen=True)
class Unavailable:
    """It can't be had now; it may be later."""

    reason: str


@dataclass(frozen=True)
class Refused:
    """We don't go where it is said to be."""

    reason: str


Outcome = Downloaded | TooBig | Unavailable | Refused


async def download(url: str, settings: Settings, *, most: int) -> Outcome:
    """Download a file of up to ``most`` bytes; whatever happens comes back as an outcome."""
    own = urlsplit(settings.twilio_api_base_url)
    connector = aiohttp.TCPConnector(resolver=_PublicAddresses(own), use_dns_cache=False)
    try:
        async with (
            aiohttp.ClientSession(
                connector=connector,
                timeout=aiohttp.ClientTimeout(connect=CONNECT_SECONDS),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,  # a small file must not become a big one
            ) as session,
            asyncio.timeout(TOTAL_SECONDS),
        ):
            return await _follow(session, url, settings, own, most)
    except _NotAllowed as error:
        return Refused(str(error))
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        return Unavailable(type(error).__name__)


def may_see_credentials(url: str, settings: Settings) -> bool:
    """Whether a URL is at the configured host of Twilio's API, by its scheme, name and port."""
    return _origin(urlsplit(url)) == _origin(urlsplit(settings.twilio_api_base_url))


class _NotAllowed(Exception):
    """A URL leads where we don't go; the message says why, without the URL."""


class _PublicAddresses(aiohttp.ThreadedResolver):
    """Looks names up, and refuses those that lead into a private network: at the moment of connecting."""

    def __init__(self, own: SplitResult) -> None:
        super().__init__()
        self._own = own

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await super().resolve(host, port, family)
        if (host, port) != (self._own.hostname, _port(self._own)):
            for each in found:
                _check_public(each["host"])
        return found


async def _follow(
    session: aiohttp.ClientSession, url: str, settings: Settings, own: SplitResult, most: int
) -> Outcome:
    headers = {"Accept-Encoding": "identity"}
    if may_see_credentials(url, settings):
        token = settings.twilio_auth_token.get_secret_value()
        headers["Authorization"] = aiohttp.encode_basic_auth(settings.twilio_account_sid, token)
    for _ in range(MOST_REDIRECTS + 1):
        _check(urlsplit(url), own)
        async with session.get(url, headers=headers, allow_redirects=False) as answer:
            if answer.status not in {301, 302, 303, 307, 308}:
                return await _read(answer, most)
            url = urljoin(url, answer.headers.get("Location", ""))
        headers.pop("Authorization", None)  # they are for Twilio's API, not for where the file lies
    return Refused("too many redirects")


async def _read(answer: aiohttp.ClientResponse, most: int) -> Outcome:
    if answer.status != 200:
        return Unavailable(f"HTTP {answer.status}")
    if (answer.content_length or 0) > most:
        return TooBig()
    content = bytearray()
    async for piece in answer.content.iter_chunked(_PIECE):
        content += piece
        if len(content) > most:
            return TooBig()
    return Downloaded(bytes(content))


def _check(url: SplitResult, own: SplitResult) -> None:
    """Let only https and public addresses through, or Twilio's API as it is configured."""
    if _origin(url) == _origin(own):
        return
    if url.scheme != "https" or not url.hostname:
        raise _NotAllowed("not https")
    try:
        ipaddress.ip_address(url.hostname)
    except ValueError:
        return  # a name: where it leads is checked when we connect
    _check_public(url.hostname)


def _check_public(address: str) -> None:
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped:
        found = found.ipv4_mapped
    if not found.is_global or found.is_multicast:
        raise _NotAllowed("not a public address")


def _origin(url: SplitResult) -> tuple[str, str | None, int | None]:
    return url.scheme, url.hostname, _port(url)


def _port(url: SplitResult) -> int | None:
    try:
        return url.port or {"https": 443, "http": 80}.get(url.scheme)
    except ValueError:  # no number
        return None
