"""A load generator for webhooks: kept connections, requests made beforehand, and the time of every answer."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from itertools import count
from typing import cast
from urllib.parse import urlencode, urlsplit

import uvloop
from twilio.request_validator import RequestValidator

_HEAD_END = b"\r\n\r\n"


@dataclass
class Answers:
    """What came back: the seconds that each answer took, and how often each status came."""

    seconds: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    took: float = 0.0

    @property
    def per_second(self) -> float:
        """Answers a second."""
        return len(self.seconds) / self.took

    def percentile(self, share: float) -> float:
        """Within how many milliseconds this share of the answers came."""
        ordered = sorted(self.seconds)
        return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))]


class _Connection(asyncio.Protocol):
    """One kept connection with one request under way at most."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._received = b""
        self._answer: asyncio.Future[int] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ConnectionError(f"closed before the answer: {exc}"))

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, end, body = self._received.partition(_HEAD_END)
        if not end or self._answer is None:
            return
        status = int(head[9:12])
        lowered = head.lower()
        length = int(lowered.partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0)
        if len(body) >= length or status == 204:
            self._received = b""
            self._answer.set_result(status)

    def ask(self, request: bytes) -> asyncio.Future[int]:
        """Send a request; its status comes."""
        assert self._transport is not None
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return self._answer


Pace = Callable[[], bool]


def peak(url: str, requests: list[bytes], *, connections: int, seconds: float = 1e9) -> Answers:
    """Ask as fast as answers come, over so many connections, until the requests or the seconds run out."""
    return cast(Answers, uvloop.run(peak_of(url, requests, connections=connections, seconds=seconds)))


def steady(url: str, requests: list[bytes], *, per_second: float, connections: int) -> Answers:
    """Ask at a fixed pace, whether answers come or not; an answer's time counts from its turn in it."""
    return cast(Answers, uvloop.run(steady_of(url, requests, per_second=per_second, connections=connections)))


def both(
    first: Callable[[], Awaitable[Answers]], meanwhile: Callable[[Pace], Awaitable[Answers]]
) -> tuple[Answers, Answers]:
    """Run one load, and another for as long as that lasts; what the second is given tells that it is over."""

    async def run() -> tuple[Answers, Answers]:
        running = asyncio.ensure_future(first())
        other = await meanwhile(running.done)
        return await running, other

    return cast(tuple[Answers, Answers], uvloop.run(run()))


async def _connect(url: str, connections: int) -> list[_Connection]:
    address = urlsplit(url)
    loop = asyncio.get_running_loop()
    made = [
        await loop.create_connection(_Connection, address.hostname, address.port) for _ in range(connections)
    ]
    return [connection for _, connection in made]


async def peak_of(url: str, requests: list[bytes], *, connections: int, seconds: float = 1e9) -> Answers:
    """:func:`peak`, for an event loop that runs already."""
    answers, numbers = Answers(), count()
    began = time.perf_counter()

    async def work(connection: _Connection) -> None:
        while (number := next(numbers)) < len(requests) and time.perf_counter() - began < seconds:
            sent = time.perf_counter()
            status = await connection.ask(requests[number])
            answers.seconds.append(time.perf_counter() - sent)
            answers.statuses[status] += 1

    opened = await _connect(url, connections)
    began = time.perf_counter()
    await asyncio.gather(*(work(connection) for connection in opened))
    answers.took = time.perf_counter() - began
    return answers


async def steady_of(
    url: str, requests: list[bytes], *, per_second: float, connections: int, over: Pace = lambda: False
) -> Answers:
    """:func:`steady`, for an event loop that runs already, until ``over`` says so."""
    answers = Answers()
    idle = deque(await _connect(url, connections))
    freed = asyncio.Event()
    under_way: set[asyncio.Task[None]] = set()

    async def ask(connection: _Connection, request: bytes, due: float) -> None:
        status = await connection.ask(request)
        answers.seconds.append(time.perf_counter() - due)
        answers.statuses[status] += 1
        idle.append(connection)
        freed.set()

    began = time.perf_counter()
    for number, request in enumerate(requests):
        if over():
            break
        due = began + number / per_second
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        while not idle:
            freed.clear()
            await freed.wait()
        task = asyncio.create_task(ask(idle.popleft(), request, due))
        under_way.add(task)
        task.add_done_callback(under_way.discard)
    await asyncio.gather(*under_way)
    answers.took = time.perf_counter() - began
    return answers


class Webhooks:
    """Makes the requests that Twilio would post to a URL, signed."""

    def __init__(self, url: str, path: str, token: str) -> None:
        self._url, self._path = url, path
        self._validator = RequestValidator(token)

    def request(self, form: dict[str, str], query: str = "") -> bytes:
        """The bytes of one request."""
        target = self._path + query
        body = urlencode(form).encode()
        signature = self._validator.compute_signature(self._url + target, form)
        head = (
            f"POST {target} HTTP/1.1\r\nHost: {urlsplit(self._url).netloc}\r\n"
            "Content-Type: application/x-www-form-urlencoded; charset=UTF-8\r\n"
            f"Content-Length: {len(body)}\r\n"
            f"X-Twilio-Signature: {signature}\r\nI-Twilio-Idempotency-Token: {len(body)}\r\n"
            "Accept: */*\r\nUser-Agent: TwilioProxy/1.1\r\n\r\n"
        )
        return head.encode() + body


def inbound_form(sid: str, number: str, body: str, *, account: str, service: str) -> dict[str, str]:
    """The twenty parameters with which Twilio posts a text."""
    return {
        "ToCountry": "US", "ToState": "NY", "SmsMessageSid": sid, "NumMedia": "0", "ToCity": "NEW YORK",
        "FromZip": "10001", "SmsSid": sid, "FromState": "NY", "SmsStatus": "received", "FromCity": "NEW YORK",
        "Body": body, "FromCountry": "US", "To": "+15550100000", "MessagingServiceSid": service,
        "ToZip": "10001", "NumSegments": "1", "MessageSid": sid, "AccountSid": account, "From": number,
        "ApiVersion": "2010-04-01",
    }  # fmt: skip
