"""Pictures that phones send through the stand-in, and pictures that came in a text, fetched for the page."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Any

import requests

from simulator.twilio.client import a_file

#: What Twilio takes at most with a text, and types that every phone shows.
BIGGEST = 5 * 1024 * 1024
TYPES = ("image/jpeg", "image/png", "image/gif", "image/webp")
MOST = 10
_SECONDS = 10


class PictureRefusedError(ValueError):
    """What was given is no picture that can be texted; the message says what can."""


@dataclass(frozen=True)
class Picture:
    """A picture's bytes and content type."""

    content: bytes
    content_type: str


def to_send(asked: list[Any]) -> list[dict[str, str]]:
    """The pictures that come with a text, as the stand-in keeps them.

    :param asked: each ``{"content": base64, "content_type": …}``.
    :raises PictureRefusedError: one is no picture, or they are too many or too big.
    """
    pictures = [_read(each) for each in asked]
    if len(pictures) > MOST or sum(len(picture.content) for picture in pictures) > BIGGEST:
        raise PictureRefusedError(f"A text takes {MOST} pictures at most, of 5 MB together.")
    return [a_file(picture.content, picture.content_type) for picture in pictures]


def fetch(url: str, *, standin_url: str) -> Picture | None:
    """Get a picture that came in a text; None when it can't be had or is none.

    What people sent is in the stand-in's store, which asks for no credentials.
    """
    if url.startswith(f"{standin_url}/"):
        url = f"{standin_url}/_simulator/media/{url.rpartition('/')[2]}"
    try:
        with requests.Session() as session:
            session.trust_env = False  # no proxy stands between us and our own programs
            with session.get(url, timeout=_SECONDS, stream=True) as answer:
                content_type = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
                content = next(answer.iter_content(BIGGEST + 1), b"")
    except requests.RequestException:
        return None
    if answer.status_code != 200 or content_type not in TYPES or len(content) > BIGGEST:
        return None
    return Picture(content, content_type)


def _read(asked: Any) -> Picture:
    if not isinstance(asked, dict) or asked.get("content_type") not in TYPES:
        raise PictureRefusedError("A picture is a JPEG, PNG, GIF or WebP file.")
    try:
        content = base64.b64decode(str(asked.get("content", "")), validate=True)
    except binascii.Error as error:
        raise PictureRefusedError("A picture's content is base64.") from error
    return Picture(content, asked["content_type"])
