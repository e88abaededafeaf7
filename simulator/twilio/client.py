"""A client of the stand-in for tests and tools: be a phone, see what happened, make things go wrong."""

from __future__ import annotations

import base64
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import requests

Found = TypeVar("Found")

_MARGIN: Final = 30.0
"""Seconds that an answer may take beyond the time the stand-in is asked to wait."""


class StandInError(Exception):
    """The stand-in did not start, or refused a request; the message is what it said."""


class NotInTimeError(Exception):
    """What was waited for did not come; the message tells what there was instead."""


@dataclass(frozen=True, slots=True)
class Texted:
    """What became of a person's text: the app's HTTP status, Twilio's error if any, and the replies."""

    sid: str
    status_code: int | None
    error: dict[str, Any] | None
    auto_reply: str | None
    replies: list[str]
    reply_sids: list[str | None]


class StandIn:
    """Speaks to the control API at `url`; safe to use from one thread at a time."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self._session = requests.Session()
        self._session.trust_env = False

    def configure(self, **settings: Any) -> dict[str, Any]:
        """Change settings by name and return them all; without any, only return them."""
        current: dict[str, Any] = (
            self._call("POST", "config", settings) if settings else self._call("GET", "config")
        )
        return current

    def text(
        self,
        from_: str,
        body: str = "",
        *,
        to: str | None = None,
        media: list[str] | list[dict[str, str]] | None = None,
        sid: str | None = None,
        extra: dict[str, str] | None = None,
    ) -> Texted:
        """A person texts; returns when the app has answered. The same `sid` again repeats the webhook.

        `media` are URLs, or what `a_file` makes of a file's content.
        """
        asked = {
            "from": from_,
            "body": body,
            "to": to,
            "media": media or [],
            "sid": sid,
            "extra": extra or {},
        }
        answer = self._call("POST", "texts", asked)
        return Texted(
            sid=answer["sid"],
            status_code=answer["status_code"],
            error=answer["error"],
            auto_reply=(answer["auto_reply"] or {}).get("body"),
            replies=[reply["body"] for reply in answer["replies"]],
            reply_sids=[reply["sid"] for reply in answer["replies"]],
        )

    def messages(self, number: str | None = None, **filters: str | int) -> list[dict[str, Any]]:
        """Messages in order; `filters` are those of the control API, e.g. direction="outbound-api".

        A keyword that is a Python word has an underscore: `from_`.
        """
        asked = {name.rstrip("_"): value for name, value in filters.items()}
        if number is not None:
            asked["number"] = number
        found: list[dict[str, Any]] = self._call("GET", "messages", asked={"limit": 10_000_000} | asked)[
            "messages"
        ]
        return found

    def count(self, number: str | None = None, **filters: str | int) -> int:
        """How many messages there are, with the filters of `messages`."""
        asked = {name.rstrip("_"): value for name, value in filters.items()}
        if number is not None:
            asked["number"] = number
        return int(self._call("GET", "count", asked=asked)["count"])

    def events(
        self, after: int | str = 0, *, timeout: float = 0, number: str | None = None
    ) -> dict[str, Any]:
        """What happened after event `after`, waiting up to `timeout` seconds; ask next for its `next`."""
        asked = {"after": after, "timeout": timeout} | ({} if number is None else {"number": number})
        found: dict[str, Any] = self._call("GET", "events", asked=asked, wait=timeout)
        return found

    def wait_for(self, predicate: Callable[[], Found], timeout: float = 10.0) -> Found:
        """Call `predicate` now and after each thing that happens, until it returns something true.

        It is also called four times a second, for what happens in the app and not here.
        Raises NotInTimeError after `timeout` seconds.
        """
        deadline = time.monotonic() + timeout
        after = self.events("now")["next"]
        while not (found := predicate()):
            left = deadline - time.monotonic()
            if left <= 0:
                newest = self.messages()[-5:]
                raise NotInTimeError(f"Not within {timeout:g} s; the newest messages are {newest}")
            after = self.events(after, timeout=min(left, 0.25))["next"]
        return found

    def fail(self, kind: str, **details: Any) -> int:
        """Put a fault in force (see faults.py: to, times, probability, seed, …) and return its id."""
        return int(self._call("POST", "faults", {"kind": kind, **details})["id"])

    def faults(self) -> list[dict[str, Any]]:
        """The faults in force, with how often each has struck."""
        found: list[dict[str, Any]] = self._call("GET", "faults")
        return found

    def heal(self, fault_id: int | None = None) -> None:
        """Take one fault out of force, or all."""
        self._call("DELETE", "faults" if fault_id is None else f"faults/{fault_id}")

    def problems(self) -> list[dict[str, Any]]:
        """What Twilio's debugger would show."""
        found: list[dict[str, Any]] = self._call("GET", "problems")
        return found

    def opt_outs(self) -> list[dict[str, str]]:
        """Who is blocked at Twilio."""
        found: list[dict[str, str]] = self._call("GET", "optouts")
        return found

    def reset(self) -> None:
        """Forget everything but the settings."""
        self._call("POST", "reset", {})

    def stats(self) -> dict[str, Any]:
        """Work done and what it cost: cpu_share, created, callbacks_posted, callback_backlog and so on."""
        found: dict[str, Any] = self._call("GET", "stats")
        return found

    def settled(self) -> bool:
        """Whether every message has reached its last status and every callback has been posted."""
        stats = self.stats()
        return bool(stats["under_way"] == 0 and stats["callback_backlog"] == 0)

    def close(self) -> None:
        """Close the connection."""
        self._session.close()

    def _call(
        self,
        method: str,
        name: str,
        body: dict[str, Any] | None = None,
        *,
        asked: dict[str, Any] | None = None,
        wait: float = 0,
    ) -> Any:
        url = f"{self.url}/_simulator/{name}"
        answer = self._session.request(method, url, json=body, params=asked, timeout=_MARGIN + wait)
        if answer.status_code != 200:
            raise StandInError(f"{method} {name}: {answer.status_code} {answer.json().get('message')}")
        return answer.json()


def a_file(content: bytes, content_type: str) -> dict[str, str]:
    """A file for `StandIn.text` to send; the stand-in keeps it and serves it like Twilio."""
    return {"content": base64.b64encode(content).decode("ascii"), "content_type": content_type}


@contextmanager
def running(*options: str) -> Iterator[StandIn]:
    """A stand-in as a process of its own for as long as the block lasts; `options` are its command line's."""
    command = [sys.executable, "-m", "simulator.twilio", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            address = process.stdout.readline().strip()
            if not address:
                raise StandInError(f"{' '.join(command)} ended with {process.wait()} before it listened.")
            stand_in = StandIn(address)
            try:
                yield stand_in
            finally:
                stand_in.close()
        finally:
            process.terminate()
            process.wait(timeout=10)
