"""The messages of the account, kept in memory, and how each is shown: as Twilio's JSON or as ours."""

from __future__ import annotations

import os
import time
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import lru_cache
from json.encoder import encode_basestring_ascii as _quote
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

from .errors import DELIVERY_FAILURES

if TYPE_CHECKING:
    from .faults import Fault

API_VERSION: Final = "2010-04-01"
FINAL: Final = frozenset({"delivered", "undelivered", "failed", "canceled", "received", "read"})
_UNASSIGNED: Final = frozenset({"accepted", "scheduled"})
_PRICE_PER_SEGMENT: Final = 0.0083
_PRICE_PER_MMS: Final = 0.022


class Message:
    """One text in either direction. Times are seconds since the epoch, UTC."""

    __slots__ = (
        "body",
        "callbacks",
        "created_at",
        "deleted",
        "direction",
        "error_code",
        "from_",
        "media",
        "num_segments",
        "outcome",
        "receipt_faults",
        "sender_given",
        "sent_at",
        "seq",
        "service_sid",
        "sid",
        "status",
        "to",
        "updated_at",
    )

    def __init__(
        self,
        *,
        direction: str,
        from_: str,
        to: str,
        body: str,
        status: str,
        num_segments: int,
        now: float,
        sid: str | None = None,
        service_sid: str | None = None,
        sender_given: bool = True,
        media: tuple[str, ...] = (),
        callbacks: tuple[str, ...] = (),
    ) -> None:
        self.sid = sid or new_sid("MM" if media else "SM")
        self.seq = 0
        self.direction = direction
        self.from_ = from_
        self.to = to
        self.body = body
        self.status = status
        self.num_segments = num_segments
        self.error_code: int | None = None
        self.service_sid = service_sid
        self.sender_given = sender_given
        self.media = media
        self.callbacks = callbacks
        self.created_at = now
        self.updated_at = now
        self.sent_at: float | None = None
        self.deleted = False
        self.outcome: tuple[str, int | None] = ("delivered", None)
        self.receipt_faults: tuple[Fault, ...] = ()

    @property
    def person(self) -> str:
        """The phone at the other end."""
        return self.from_ if self.direction == "inbound" else self.to


class Store:
    """All messages by order of arrival, by sid and by phone."""

    def __init__(self) -> None:
        self._all: list[Message] = []
        self._by_sid: dict[str, Message] = {}
        self._by_person: dict[str, list[Message]] = {}

    def __len__(self) -> int:
        return len(self._all)

    def add(self, message: Message) -> None:
        """Keep `message` and number it."""
        self._all.append(message)
        message.seq = len(self._all)
        self._by_sid[message.sid] = message
        self._by_person.setdefault(message.person, []).append(message)

    def get(self, sid: str) -> Message | None:
        """The message with that sid."""
        return self._by_sid.get(sid)

    def after(self, seq: int, *, number: str | None = None) -> Iterator[Message]:
        """Messages numbered above `seq`, oldest first; with `number`, only those of that phone."""
        messages = self._with(number)
        start = bisect_right(messages, seq, key=attrgetter("seq"))
        return (messages[index] for index in range(start, len(messages)))

    def newest(self, *, number: str | None = None, before: int | None = None) -> Iterator[Message]:
        """Messages newest first; with `before`, only those numbered below it."""
        messages = self._with(number)
        end = len(messages) if before is None else bisect_left(messages, before, key=attrgetter("seq"))
        return (messages[index] for index in range(end - 1, -1, -1))

    def clear(self) -> None:
        """Forget every message."""
        self._all.clear()
        self._by_sid.clear()
        self._by_person.clear()

    def _with(self, number: str | None) -> list[Message]:
        return self._all if number is None else self._by_person.get(number, [])


def new_sid(prefix: str) -> str:
    """A sid of the shape Twilio makes: two letters and 32 hex digits."""
    return prefix + os.urandom(16).hex()


def resource_json(message: Message, account_sid: str) -> str:
    """`message` as Twilio's JSON, written out here because most of a broadcast's work is this.

    A message sent through a service shows neither a sender nor segments until it is queued.
    """
    assigned = message.status not in _UNASSIGNED
    code, sent_at, service_sid = message.error_code, message.sent_at, message.service_sid
    cost = _PRICE_PER_MMS if message.media else _PRICE_PER_SEGMENT * message.num_segments
    price = "null" if sent_at is None else f'"{-cost:.5f}"'
    uri = f"/{API_VERSION}/Accounts/{account_sid}/Messages/{message.sid}"
    return (
        f'{{"account_sid": "{account_sid}", "api_version": "{API_VERSION}", "body": {_quote(message.body)}, '
        f'"date_created": "{_rfc2822(int(message.created_at))}", '
        f'"date_sent": {"null" if sent_at is None else _quote(_rfc2822(int(sent_at)))}, '
        f'"date_updated": "{_rfc2822(int(message.updated_at))}", "direction": "{message.direction}", '
        f'"error_code": {"null" if code is None else code}, '
        f'"error_message": {"null" if code is None else _quote(DELIVERY_FAILURES[code])}, '
        f'"from": {_quote(message.from_) if assigned or message.sender_given else "null"}, '
        f'"messaging_service_sid": {"null" if service_sid is None else _quote(service_sid)}, '
        f'"num_media": "{len(message.media)}", "num_segments": "{message.num_segments if assigned else 0}", '
        f'"price": {price}, "price_unit": "USD", "sid": "{message.sid}", "status": "{message.status}", '
        f'"subresource_uris": {{"media": "{uri}/Media.json", "feedback": "{uri}/Feedback.json"}}, '
        f'"to": {_quote(message.to)}, "uri": "{uri}.json"}}'
    )


def record(message: Message) -> dict[str, Any]:
    """`message` as the control API shows it, with its sender and segments from the start."""
    return {
        "seq": message.seq,
        "sid": message.sid,
        "from": message.from_,
        "to": message.to,
        "direction": message.direction,
        "body": message.body,
        "media": list(message.media),
        "status": message.status,
        "error_code": message.error_code,
        "num_segments": message.num_segments,
        "messaging_service_sid": message.service_sid,
        "status_callbacks": list(message.callbacks),
        "created_at": iso(message.created_at),
        "updated_at": iso(message.updated_at),
        "sent_at": None if message.sent_at is None else iso(message.sent_at),
        "deleted": message.deleted,
    }


def iso(seconds: float) -> str:
    """A time in ISO 8601, UTC, to the millisecond."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")


@lru_cache(maxsize=64)
def _rfc2822(seconds: int) -> str:
    return time.strftime("%a, %d %b %Y %H:%M:%S +0000", time.gmtime(seconds))


def records(messages: Iterable[Message]) -> list[dict[str, Any]]:
    """Each of `messages` as the control API shows it."""
    return [record(message) for message in messages]
