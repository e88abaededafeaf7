"""How many messages a second the Twilio stand-in accepts on loopback, and what share of a core that costs it.

    python -m bench.standin [--creates N] [--connections N]

Run by hand. The load comes from this process, so the figure to read is creates per second of the
stand-in's own CPU: what it could do if nothing else held it up.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import time
from itertools import count
from typing import cast
from urllib.parse import urlencode, urlsplit

import uvloop

from simulator.twilio.client import running

ACCOUNT, TOKEN, SERVICE = "AC" + "1" * 32, "2" * 32, "MG" + "3" * 32


class Sender(asyncio.Protocol):
    """One kept connection that sends the next message as soon as the last is answered."""

    def __init__(self, numbers: count[int], creates: int) -> None:
        self._numbers = numbers
        self._creates = creates
        self._transport: asyncio.Transport | None = None
        self._received = b""
        self.finished: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._send()

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, _, body = self._received.partition(b"\r\n\r\n")
        length = int(head.partition(b"Content-Length: ")[2].partition(b"\r\n")[0])
        if len(body) == length:
            assert head.startswith(b"HTTP/1.1 201"), self._received
            self._received = b""
            self._send()

    def _send(self) -> None:
        assert self._transport is not None
        number = next(self._numbers)
        if number < self._creates:
            self._transport.write(request(number))
        elif not self.finished.done():
            self.finished.set_result(None)
            self._transport.close()


def request(number: int) -> bytes:
    """The HTTP request that Twilio's library would make for the message of that number."""
    body = urlencode(
        {
            "To": f"+1555{number:07}",
            "MessagingServiceSid": SERVICE,
            "Body": "Pizza Palace: half-price pizza tonight from 6 to 9! Reply STOP to opt out.",
        }
    ).encode()
    authorization = base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
    head = (
        f"POST /2010-04-01/Accounts/{ACCOUNT}/Messages.json HTTP/1.1\r\nHost: api.twilio.com\r\n"
        "User-Agent: twilio-python/9.13.0 (Linux x86_64) Python/3.11\r\nAccept: application/json\r\n"
        "Accept-Encoding: gzip, deflate\r\nAccept-Charset: utf-8\r\nConnection: keep-alive\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n"
        f"Authorization: Basic {authorization}\r\n\r\n"
    )
    return head.encode() + body


async def load(url: str, creates: int, connections: int) -> float:
    """Create that many messages over that many connections; return the seconds it took."""
    loop, numbers, address = asyncio.get_running_loop(), count(), urlsplit(url)
    started = time.perf_counter()
    senders: list[Sender] = []
    for _ in range(connections):
        _, sender = await loop.create_connection(
            lambda: Sender(numbers, creates), address.hostname, address.port
        )
        senders.append(sender)
    await asyncio.gather(*(sender.finished for sender in senders))
    return time.perf_counter() - started


def main() -> None:
    """Run the load once and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--creates", type=int, default=50_000)
    parser.add_argument("--connections", type=int, default=50)
    options = parser.parse_args()
    with running(
        "--account-sid", ACCOUNT, "--auth-token", TOKEN, "--messaging-service-sid", SERVICE
    ) as stand_in:
        before = stand_in.stats()
        seconds = uvloop.run(load(stand_in.url, options.creates, options.connections))
        at_end = stand_in.stats()
        cpu = at_end["cpu_seconds"] - before["cpu_seconds"]
        stand_in.wait_for(stand_in.settled, timeout=60)
        later = stand_in.stats()
        print(
            f"{options.creates} creates in {seconds:.2f} s: {options.creates / seconds:,.0f}/s, with the "
            f"stand-in at {cpu / seconds:.0%} of a core"
        )
        print(f"per second of its own CPU, statuses included: {options.creates / cpu:,.0f} creates")
        total = later["cpu_seconds"] - before["cpu_seconds"]
        print(f"and until every message was delivered: {total:.2f} s of CPU")


if __name__ == "__main__":
    main()
