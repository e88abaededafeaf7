"""The page's own small server: it plays phones through the stand-in, and looks into Nudges' rows.

Everything is on loopback and for this machine's user only: a request that another site made a browser send is
refused, and so is one that came by another host's name.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from flask import Flask, Response, abort, request
from flask.json.provider import DefaultJSONProvider
from flask.typing import ResponseReturnValue
from requests import RequestException
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException

from bot.phones import InvalidNumber, display
from simulator.clock import Clock
from simulator.phones import conversation, ledger, pictures, standing, switches
from simulator.phones.book import Book, PhoneRefusedError
from simulator.phones.moments import Moments
from simulator.phones.rows import looking
from simulator.twilio.client import StandIn, StandInError

#: From a text's acceptance to its delivery: long enough for an eye to follow the ticks.
SECONDS_TO_DELIVER = 1.2
LONGEST_WAIT = 20.0

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
MISTAKES = (
    InvalidNumber, PhoneRefusedError, StandInError, ValueError, pictures.PictureRefusedError,
    switches.UnknownSwitchError,
)  # fmt: skip


class PlainJSON(DefaultJSONProvider):
    """Moments in ISO 8601, which JavaScript reads."""

    @staticmethod
    def default(value: Any) -> Any:
        """Write what JSON itself has no form for."""
        return value.isoformat() if isinstance(value, datetime) else DefaultJSONProvider.default(value)


def create_app(*, standin_url: str, book: Path, clock: Clock) -> Flask:
    """Make the WSGI application."""
    app = Flask("simulator.phones", static_folder="static", static_url_path="/static")
    app.json = PlainJSON(app)
    app.config["MAX_CONTENT_LENGTH"] = 2 * pictures.BIGGEST  # base64 makes four bytes of three
    page = Page(standin_url, Book(book), Moments(clock))
    for rule, method, view in page.routes():
        app.add_url_rule(rule, f"{method} {rule}", view, methods=[method])
    app.before_request(_refuse_strangers)
    app.after_request(_with_headers)
    app.register_error_handler(HTTPException, lambda error: ({"message": error.description}, error.code))
    app.register_error_handler(
        RequestException, lambda _error: ({"message": "The stand-in for Twilio does not answer."}, 502)
    )
    app.register_error_handler(
        SQLAlchemyError, lambda _error: ({"message": "Nudges' database does not answer."}, 503)
    )
    for mistake in MISTAKES:
        app.register_error_handler(mistake, lambda error: ({"message": str(error)}, 400))
    with page.standin() as standin:
        standin.configure(seconds_to_deliver=SECONDS_TO_DELIVER)
    return app


class Page:
    """What the page can ask for."""

    def __init__(self, standin_url: str, book: Book, moments: Moments) -> None:
        self._standin_url = standin_url
        self._book = book
        self._moments = moments

    def routes(self) -> list[tuple[str, str, Callable[..., ResponseReturnValue]]]:
        """Every address with its method and view."""
        return [
            ("/", "GET", self.document),
            ("/favicon.ico", "GET", lambda: ("", 204)),
            ("/api/news", "GET", self.news),
            ("/api/inside", "GET", self.inside),
            ("/api/texts", "POST", self.text),
            ("/api/phones", "POST", self.add_phone),
            ("/api/phones/<number>", "DELETE", self.remove_phone),
            ("/api/clock", "POST", self.jump),
            ("/api/switches", "POST", self.switch),
            ("/api/messages/<sid>/pictures/<int:place>", "GET", self.picture_of_text),
        ]

    @contextmanager
    def standin(self) -> Iterator[StandIn]:
        """A client of the stand-in's for one request, because one is not for several threads."""
        with closing(StandIn(self._standin_url)) as standin:
            yield standin

    def document(self) -> ResponseReturnValue:
        """The page itself; everything on it comes by script."""
        return (Path(__file__).parent / "static" / "page.html").read_text(encoding="utf-8")

    def news(self) -> ResponseReturnValue:
        """Texts that are new or have moved on after event ``after``; all of them without it."""
        with self.standin() as standin:
            if not request.args.get("after"):
                cursor = standin.events("now")["next"]
                return {"messages": self._shown(standin.messages()), "next": cursor, "all": True}
            found = standin.events(int(request.args["after"]), timeout=LONGEST_WAIT)
            if found["forgotten"] or found["next"] < int(request.args["after"]):
                return {"messages": self._shown(standin.messages()), "next": found["next"], "all": True}
            newest = {event["message"]["sid"]: event["message"] for event in found["events"]}
            return {"messages": self._shown(list(newest.values())), "next": found["next"], "all": False}

    def inside(self) -> ResponseReturnValue:
        """Everything but the texts: phones, switches, clock, and the inside view of what is selected."""
        phones = self._book.phones()
        selected, text = request.args.get("phone", ""), request.args.get("text", "")
        now = self._moments.now
        with self.standin() as standin:
            faults = standin.faults()
        with looking() as session:
            standings = standing.standings(session, [phone.number for phone in phones])
            slugs = standing.slugs(session)
            seen = standings.get(selected)
            return {
                "now": now,
                "ahead_seconds": self._moments.ahead.total_seconds(),
                "languages": standing.languages(),
                "switches": switches.descriptions(),
                "on_for_all": switches.turned_on(faults, None),
                "phones": [
                    {
                        "name": phone.name,
                        "number": phone.number,
                        "shown": display(phone.number),
                        "on": switches.turned_on(faults, phone.number),
                        **standings[phone.number].document(slugs),
                    }
                    for phone in phones
                ],
                "conversation": conversation.conversation(
                    session, seen.contact_point_id if seen else None, now=now
                ),
                "life": _life(session, text),
                "announcement": ledger.latest_announcement(
                    session, {phone.number: phone.name for phone in phones}
                ),
            }

    def text(self) -> ResponseReturnValue:
        """A phone texts; answers when Nudges has answered."""
        asked = _asked()
        media = pictures.to_send(asked.get("pictures", []))
        with self.standin() as standin:
            texted = standin.text(str(asked.get("from")), str(asked.get("body", "")), media=media)
        if texted.status_code != 200:
            answered = f"answered {texted.status_code}" if texted.status_code else "did not answer"
            return {"message": f"Nudges {answered}: see the terminal of `make run`."}, 502
        return {"sid": texted.sid}

    def add_phone(self) -> ResponseReturnValue:
        """Put a phone on the page."""
        asked = _asked()
        phone = self._book.add(str(asked.get("name", "")), str(asked.get("number", "")))
        return {"number": phone.number, "name": phone.name}, 201

    def remove_phone(self, number: str) -> ResponseReturnValue:
        """Take a phone off the page."""
        self._book.remove(number)
        return "", 204

    def jump(self) -> ResponseReturnValue:
        """Have the clock jump ahead."""
        self._moments.jump(timedelta(seconds=float(_asked().get("seconds", 0))))
        return {"now": self._moments.now}

    def switch(self) -> ResponseReturnValue:
        """Turn a switch on or off, for one phone or for all."""
        asked = _asked()
        number = asked.get("number")
        with self.standin() as standin:
            switches.turn(
                standin,
                str(asked.get("name")),
                None if number is None else str(number),
                on=bool(asked.get("on")),
            )
        return "", 204

    def picture_of_text(self, sid: str, place: int) -> ResponseReturnValue:
        """A picture of a text, fetched from wherever it is: the page itself asks no other host."""
        with self.standin() as standin:
            media = next((each["media"] for each in standin.messages() if each["sid"] == sid), [])
        picture = None
        if place < len(media):
            picture = pictures.fetch(media[place], standin_url=self._standin_url)
        if picture is None:
            abort(404, "There is no such picture.")
        return Response(picture.content, mimetype=picture.content_type)

    def _shown(self, messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [
            {
                **{name: message[name] for name in ("seq", "sid", "body", "status", "error_code")},
                "number": message["from"] if message["direction"] == "inbound" else message["to"],
                "mine": message["direction"] == "inbound",
                "segments": message["num_segments"],
                "pictures": len(message["media"]),
                "at": self._moments.by_the_clock(message["created_at"]),
                "ledger_id": _ledger_id(message["status_callbacks"]),
            }
            for message in messages
        ]


def _ledger_id(callbacks: list[str]) -> str | None:
    """Nudges' own id of a text, which rides in the address that its receipts go to."""
    found = (parse_qs(urlsplit(url).query).get("m") for url in callbacks)
    return next((values[0] for values in found if values), None)


def _life(session: Any, text: str) -> dict[str, Any] | None:
    if not text:
        return None
    try:
        return ledger.life_of_sent(session, uuid.UUID(text))
    except ValueError:
        return ledger.life_of_heard(session, text)


def _asked() -> dict[str, Any]:
    asked = request.get_json()
    if not isinstance(asked, dict):
        abort(400, "Send a JSON object.")
    return asked


def _refuse_strangers() -> None:
    if not re.fullmatch(r"(127\.0\.0\.1|localhost)(:\d+)?", request.host):
        abort(403, "This page answers under 127.0.0.1 only.")
    origin = request.headers.get("Origin")
    if request.method != "GET" and origin not in (None, request.host_url.rstrip("/")):
        abort(403, "Another site may not play with these phones.")


def _with_headers(response: Response) -> Response:
    response.headers.update(HEADERS)
    return response
