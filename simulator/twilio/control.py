"""What the stand-in adds to Twilio, under /_simulator/: people who text, a view of everything, and faults.

All of it is JSON; what cannot be done is answered 400 or 404 with {"message": …}.

    GET    config                    every setting (see settings.Settings)
    POST   config {name: value, …}   change some of them
    POST   texts {from, to?, body?, media?, sid?, extra?}
                                     a person texts; answers when the webhook has answered:
                                     {sid, status_code, error: {code, message} | null,
                                      auto_reply: {sid, body} | null, replies: [{sid, body}, …]}
                                     `to` defaults to the first number; `media` is a list of URLs, of
                                     {url, content_type}, or of {content: base64, content_type} for files
                                     that are kept here, ten at most; `sid` repeats an earlier text;
                                     `extra` holds further webhook parameters, e.g. {"FromState": "TX"}
    GET    media/<sid>               a file that somebody sent, by the end of its URL
    GET    messages?number=&after=&limit=&direction=&status=&from=&to=&body=
                                     {messages, next}: by `seq`, those above `after`; `number` is a person's
    GET    count?…                   {count} of messages, with the same filters
    GET    events?after=&timeout=&limit=&number=
                                     {events: [{n, type: "text"|"status", message}], next, forgotten}; waits
                                     up to `timeout` seconds for the first; `after=now` answers at once
                                     with the number to start from
    GET    problems                  what Twilio's debugger would show (11200, 12100, …)
    GET    optouts                   who is blocked: [{scope, number}, …]
    GET    faults                    those in force; see faults.py for what there is
    POST   faults {kind, to?, times?, probability?, seed?, seconds?, statuses?, at?}
    DELETE faults, faults/<id>
    POST   reset                     forget everything but the settings
    GET    stats                     work done since the start, what is under way, and the CPU it cost
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import re
import time
from collections.abc import Awaitable, Callable, Iterator
from itertools import islice
from typing import Any, Final

from .account import MOST_MEDIA, Account, parse_number
from .api import Api
from .errors import TwilioRefusalError
from .faults import UnknownFaultError
from .inbound import Inbound, Text
from .media import File
from .messages import Message, new_sid, records
from .server import Request, Response, Server, answer_json, first_values, header
from .settings import UnknownSettingError

PREFIX: Final = "/_simulator/"
_LONGEST_WAIT: Final = 60.0
_SID: Final = re.compile(r"(SM|MM)[0-9a-f]{32}")


class BadRequestError(Exception):
    """A request to the control API cannot be understood; the message says what it should look like."""


class Control:
    """Answers requests under /_simulator/."""

    def __init__(self, account: Account, api: Api) -> None:
        self._account = account
        self._api = api
        self._inbound = Inbound(account)
        self._server: Server | None = None
        self._receiving: set[asyncio.Task[Response]] = set()
        self._started = (time.monotonic(), time.process_time())

    def attach(self, server: Server) -> None:
        """Tell which server this answers for: its requests are counted and its hanging ones released."""
        self._server = server

    def handle(self, request: Request) -> Response | Awaitable[Response]:
        """Route one request."""
        name = request.path.removeprefix(PREFIX)
        if request.method == "GET" and name == "events":
            return asyncio.get_running_loop().create_task(self._events(first_values(request.query)))
        try:
            if request.method == "POST" and name == "texts":
                return self._receive(self._parse_text(_json(request), header(request, b"host")))
            answers = self._answers(name, request)
            if request.method not in answers:
                return _sorry(405 if answers else 404, f"There is no {request.method} {request.path}.")
            return answer_json(200, answers[request.method]())
        except (BadRequestError, UnknownFaultError, UnknownSettingError) as error:
            return _sorry(400, str(error))
        except TwilioRefusalError as refusal:
            return _sorry(400, refusal.message)

    def _answers(self, name: str, request: Request) -> dict[str, Callable[[], Any]]:
        """What each method of the resource called `name` does."""
        account = self._account
        query = first_values(request.query)
        if name.startswith("faults/"):
            return {"DELETE": lambda: {"removed": account.faults.remove(_whole(name[7:]))}}
        resources: dict[str, dict[str, Callable[[], Any]]] = {
            "config": {"GET": account.settings.document, "POST": lambda: self._configure(_json(request))},
            "messages": {"GET": lambda: self._messages(query)},
            "count": {"GET": lambda: {"count": sum(1 for _ in self._select(query))}},
            "problems": {"GET": account.problems.documents},
            "optouts": {"GET": lambda: [{"scope": s, "number": n} for s, n in account.opt_outs.pairs()]},
            "faults": {
                "GET": account.faults.documents,
                "POST": lambda: account.faults.add(_json(request)).document(),
                "DELETE": self._no_faults,
            },
            "reset": {"POST": self._reset},
            "stats": {"GET": self._stats},
        }
        return resources.get(name, {})

    def _configure(self, changes: dict[str, Any]) -> dict[str, Any]:
        self._account.settings.update(changes)
        return self._account.settings.document()

    def _parse_text(self, asked: dict[str, Any], host: str) -> Text:
        numbers = [each for numbers in self._account.settings.services.values() for each in numbers]
        from_, to = asked.get("from"), asked.get("to") or next(iter(numbers), None)
        body, sid, extra = asked.get("body", ""), asked.get("sid"), asked.get("extra", {})
        if not isinstance(from_, str) or not isinstance(to, str) or not isinstance(body, str):
            raise BadRequestError(
                "A text has a number in `from`, one of ours in `to`, and a string in `body`."
            )
        if self._account.settings.service_of(to) is None:
            raise BadRequestError(f"{to} is not one of this account's numbers: {', '.join(numbers)}.")
        if sid is not None and not (isinstance(sid, str) and _SID.fullmatch(sid)):
            raise BadRequestError("A sid is SM or MM and 32 lower-case hex digits.")
        earlier = self._account.store.get(sid) if sid else None
        if earlier is not None and (earlier.direction, earlier.from_) != ("inbound", from_):
            raise BadRequestError(f"{sid} is not a text from {from_}.")
        if not isinstance(extra, dict):
            raise BadRequestError("`extra` maps names of webhook parameters to strings.")
        media = asked.get("media", ())
        if not isinstance(media, list | tuple) or len(media) > MOST_MEDIA:
            raise BadRequestError(f"`media` is a list of {MOST_MEDIA} at most.")
        sid = sid or (new_sid("MM") if media else None)
        return Text(
            from_=parse_number(from_, 21212),
            to=to,
            # JSON can carry half a surrogate pair, UTF-8 can't.
            body=body.encode("utf-16", "surrogatepass").decode("utf-16", "replace"),
            media=tuple(self._media(each, sid or "", host) for each in media),
            sid=sid,
            extra={str(name): str(value) for name, value in extra.items()},
        )

    def _media(self, each: object, message_sid: str, host: str) -> tuple[str, str]:
        """A file's URL and type; one that comes with its content is kept here."""
        if isinstance(each, str):
            return each, "image/jpeg"
        content_type = str(each.get("content_type", "image/jpeg")) if isinstance(each, dict) else ""
        if isinstance(each, dict) and isinstance(each.get("url"), str):
            return each["url"], content_type
        if isinstance(each, dict) and isinstance(each.get("content"), str):
            try:
                file = File(base64.b64decode(each["content"], validate=True), content_type)
            except binascii.Error as error:
                raise BadRequestError(f"The content of a file is not base64: {error}.") from error
            sid = self._account.settings.account_sid
            path = self._account.media.keep(file, account_sid=sid, message_sid=message_sid)
            return f"http://{host}{path}", content_type
        raise BadRequestError(
            "Media are URLs, or objects with `content_type` and `url` or `content` (base64)."
        )

    def _receive(self, text: Text) -> Awaitable[Response]:
        """Play a text to its end, also when the client does not wait for that."""

        async def receive() -> Response:
            return answer_json(200, await self._inbound.receive(text))

        task = asyncio.get_running_loop().create_task(receive())
        self._receiving.add(task)
        task.add_done_callback(self._receiving.discard)
        return asyncio.shield(task)

    def _messages(self, query: dict[str, str]) -> dict[str, Any]:
        limit = _whole(query.get("limit", "1000"))
        found = records(islice(self._select(query), limit))
        return {"messages": found, "next": found[-1]["seq"] if found else _whole(query.get("after", "0"))}

    def _select(self, query: dict[str, str]) -> Iterator[Message]:
        wanted = [
            (name.replace("from", "from_"), query[name])
            for name in ("direction", "status", "from", "to", "body")
            if name in query
        ]
        messages = self._account.store.after(_whole(query.get("after", "0")), number=query.get("number"))
        return (each for each in messages if all(getattr(each, name) == value for name, value in wanted))

    async def _events(self, query: dict[str, str]) -> Response:
        feed = self._account.feed
        if query.get("after") == "now":
            return answer_json(200, {"events": [], "next": feed.last, "forgotten": False})
        try:
            after, limit = _whole(query.get("after", "0")), _whole(query.get("limit", "1000"))
            seconds = min(float(query.get("timeout", "0")), _LONGEST_WAIT)
        except (BadRequestError, ValueError):
            return _sorry(400, "after and limit are whole numbers; timeout is a number of seconds.")
        return answer_json(200, await feed.wait(after, seconds, number=query.get("number"), limit=limit))

    def _no_faults(self) -> dict[str, Any]:
        self._account.faults.clear()
        return {}

    def _reset(self) -> dict[str, Any]:
        self._account.reset()
        self._inbound.clear()
        if self._server is not None:
            self._server.release_hanging()
        return {}

    def _stats(self) -> dict[str, Any]:
        account = self._account
        wall, cpu = time.monotonic() - self._started[0], time.process_time() - self._started[1]
        return {
            "wall_seconds": wall,
            "cpu_seconds": cpu,
            "cpu_share": cpu / wall,
            "requests": 0 if self._server is None else self._server.requests,
            "created": self._api.created,
            "messages": len(account.store),
            "under_way": len(account.agenda),
            "callbacks_posted": account.receipts.posted,
            "callbacks_failed": account.receipts.failed,
            "callback_backlog": account.receipts.backlog,
        }


def _json(request: Request) -> dict[str, Any]:
    try:
        document = json.loads(request.body)
    except ValueError as error:
        raise BadRequestError(f"The body is not JSON: {error}.") from error
    if not isinstance(document, dict):
        raise BadRequestError("The body is not a JSON object.")
    return document


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise BadRequestError(f"{text!r} is not a whole number.") from error


def _sorry(status: int, message: str) -> Response:
    return answer_json(status, {"message": message})
