"""Who the tests' Twilio account is, and the app that its webhooks go to."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

ACCOUNT = "AC" + "1a" * 16
TOKEN = "2b" * 16
SERVICE = "MG" + "3c" * 16
NUMBER = "+15550100001"
PERSON = "+15551230001"


@dataclass(frozen=True)
class Post:
    """One webhook that the app got."""

    path: str
    headers: dict[str, str]
    pairs: list[tuple[str, str]]

    @property
    def form(self) -> dict[str, str]:
        return dict(self.pairs)


@dataclass
class Answer:
    """What the app answers an inbound webhook with."""

    body: str = "<Response/>"
    status: int = 200
    content_type: str | None = "text/xml"


@dataclass
class App:
    """The app at the other end: keeps what it gets and answers inbound texts as told."""

    url: str = ""
    inbound: Callable[[dict[str, str]], Answer] = field(default=lambda _form: Answer())
    posts: list[Post] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def reply(self, twiml: str) -> None:
        self.inbound = lambda _form: Answer(f"<Response>{twiml}</Response>")

    def take(self, post: Post) -> Answer:
        with self.changed:
            self.posts.append(post)
            self.changed.notify_all()
        return self.inbound(post.form) if "inbound" in post.path else Answer("", 204, None)

    def texts(self) -> list[Post]:
        return [post for post in self.posts if "inbound" in post.path]

    def statuses(self, sid: str | None = None) -> list[str]:
        found = [post.form for post in self.posts if "MessageStatus" in post.form]
        return [form["MessageStatus"] for form in found if sid in (None, form["MessageSid"])]

    def wait_for_statuses(self, *wanted: str, sid: str | None = None) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: self.statuses(sid) == list(wanted), timeout=10), (
                f"wanted {wanted}, got {self.statuses(sid)}"
            )
