"""Reads the app's answer to an inbound text: TwiML, plain text, or nothing.

https://www.twilio.com/docs/messaging/twiml
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urljoin
from xml.etree import ElementTree as ET

from .errors import WebhookProblemError
from .posting import Answer

_MOST_REPLIES: Final = 10


@dataclass(frozen=True, slots=True)
class Reply:
    """One `<Message>`; `to` and `from_` are None where the answer goes back the way the text came."""

    body: str
    media: tuple[str, ...] = ()
    callbacks: tuple[str, ...] = ()
    to: str | None = None
    from_: str | None = None


@dataclass(slots=True)
class Replies:
    """What the answer asks for, and what Twilio's debugger says of the parts it leaves out."""

    messages: list[Reply] = field(default_factory=list)
    problems: list[WebhookProblemError] = field(default_factory=list)


def read(answer: Answer, url: str) -> Replies:
    """The replies in an answer to a webhook posted to `url`, at most ten of them (14109).

    Raises WebhookProblemError for an answer that is not TwiML: 12300, 12100, 12102.
    """
    text = answer.body.strip()
    if not text:
        return Replies()
    media_type = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type == "text/plain":
        return Replies([Reply(text.decode("utf-8", "replace"))])
    if media_type not in ("text/xml", "application/xml"):
        raise WebhookProblemError(12300, media_type or "none", answer.status)
    replies = Replies()
    for element in _root(text, answer.status):
        if element.tag != "Message":
            replies.problems.append(WebhookProblemError(12200, f"<{element.tag}> is not played"))
        elif len(replies.messages) == _MOST_REPLIES:
            replies.problems.append(WebhookProblemError(14109))
            break
        else:
            replies.messages.append(_reply(element, url))
    return replies


def _root(document: bytes, status: int) -> ET.Element:
    try:
        # Only the app under test is read here, and expat refuses entities that grow out of bounds.
        root = ET.fromstring(document)  # noqa: S314
    except ET.ParseError as error:
        raise WebhookProblemError(12100, str(error), status) from error
    if root.tag != "Response":
        raise WebhookProblemError(12102, f"it is <{root.tag}>", status)
    return root


def _reply(element: ET.Element, url: str) -> Reply:
    bodies = [element.text or "", *(each.tail or "" for each in element)]
    bodies += [each.text or "" for each in element.iter("Body")]
    media = [(each.text or "").strip() for each in element.iter("Media")]
    named = (element.get("action"), element.get("statusCallback"))
    callbacks = dict.fromkeys(urljoin(url, each) for each in named if each)
    return Reply(
        body="".join(part for part in bodies if part.strip()).strip(),
        media=tuple(each for each in media if each),
        callbacks=tuple(callbacks),
        to=element.get("to"),
        from_=element.get("from"),
    )
