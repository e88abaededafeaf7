"""The list of messages, newest first, filtered and in pages as Twilio gives it.

https://www.twilio.com/docs/messaging/api/message-resource#read-multiple-message-resources
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, Final
from urllib.parse import urlencode

from .account import Account
from .errors import TwilioRefusalError
from .messages import Message, resource_json
from .server import first_values

_FILTERS: Final = ("To", "From", "DateSent", "DateSent<", "DateSent>")
_LARGEST_PAGE: Final = 1000
_USUAL_PAGE: Final = 50


def list_messages(account: Account, query: str, uri: str) -> dict[str, Any]:
    """One page, as Twilio's JSON. `query` is the request's, still encoded; `uri` is the list's path.

    Raises TwilioRefusalError: 20001 for a page or a date that cannot be, 20404 for a page token that
    was never given out.
    """
    asked = first_values(query)
    size = _whole(asked, "PageSize", _USUAL_PAGE)
    page = _whole(asked, "Page", 0)
    if not 1 <= size <= _LARGEST_PAGE:
        raise TwilioRefusalError(20001, f"PageSize is from 1 to {_LARGEST_PAGE}")
    matching = _matching(account, asked)
    if "PageToken" not in asked:
        matching = islice(matching, page * size, None)
    found = list(islice(matching, size + 1))
    shown, more = found[:size], len(found) > size
    start = page * size
    filters: dict[str, str | int] = {name: asked[name] for name in _FILTERS if name in asked}

    def address(number: int, token: str | None = None) -> str:
        parameters = {**filters, "PageSize": size, "Page": number}
        if token is not None:
            parameters["PageToken"] = token
        return f"{uri}?{urlencode(parameters)}"

    return {
        "first_page_uri": address(0),
        "previous_page_uri": address(page - 1) if page else None,
        "next_page_uri": address(page + 1, f"PA{shown[-1].sid}") if more else None,
        "uri": address(page, asked.get("PageToken")),
        "page": page,
        "page_size": size,
        "start": start,
        "end": start + max(len(shown) - 1, 0),
        "messages": [json.loads(resource_json(message, account.settings.account_sid)) for message in shown],
    }


def _matching(account: Account, asked: dict[str, str]) -> Iterator[Message]:
    before: int | None = None
    if "PageToken" in asked:
        last = account.store.get(asked["PageToken"].removeprefix("PA"))
        if last is None:
            raise TwilioRefusalError(20404, f"page {asked['PageToken']}")
        before = last.seq
    to, from_ = asked.get("To"), asked.get("From")
    # A text has one phone that is not ours, and texts are indexed by it.
    ours = account.settings.service_of
    number = next((each for each in (to, from_) if each and ours(each) is None), None)
    tests = _date_tests(asked)
    for message in account.store.newest(number=number, before=before):
        if message.deleted or (to and message.to != to) or (from_ and message.from_ != from_):
            continue
        if tests and (message.sent_at is None or not all(test(message.sent_at) for test in tests)):
            continue
        yield message


def _date_tests(asked: dict[str, str]) -> list[Callable[[float], bool]]:
    """Tests of the time sent: a day in GMT, or a moment that it must not be after or before.

    A message that has not been sent has no such time and passes no test.
    """
    tests: list[Callable[[float], bool]] = []
    if "DateSent" in asked:
        day = _moment(asked["DateSent"]).replace(hour=0, minute=0, second=0, microsecond=0)
        start, end = day.timestamp(), (day + timedelta(days=1)).timestamp()
        tests.append(lambda sent_at: start <= sent_at < end)
    if "DateSent<" in asked:
        latest = _moment(asked["DateSent<"]).timestamp()
        tests.append(lambda sent_at: sent_at <= latest)
    if "DateSent>" in asked:
        earliest = _moment(asked["DateSent>"]).timestamp()
        tests.append(lambda sent_at: sent_at >= earliest)
    return tests


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise TwilioRefusalError(20001, f"DateSent {text}") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _whole(asked: dict[str, str], name: str, default: int) -> int:
    try:
        value = int(asked.get(name, default))
    except ValueError as error:
        raise TwilioRefusalError(20001, f"{name} is a whole number") from error
    if value < 0:
        raise TwilioRefusalError(20001, f"{name} is not below 0")
    return value
