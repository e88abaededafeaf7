"""Kinds of files that can go along with a text, and how big they may be.

Twilio resizes JPEG, PNG and GIF for the carriers and takes up to 5 MB of them with one message, at most ten
files; of anything else it takes 500 KB and leaves it to the carriers (docs/messaging/api/message-resource,
docs/messaging/guides/accepted-mime-types). So pictures are what we send along.
"""

from __future__ import annotations

MOST_FILES = 10
MOST_BYTES = 5_000_000

#: How each kind begins. What a phone or a server calls a file is not asked.
_BEGINNINGS = {
    b"\xff\xd8\xff": "image/jpeg",
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"GIF87a": "image/gif",
    b"GIF89a": "image/gif",
}
ENDINGS = {"image/jpeg": "jpg", "image/png": "png", "image/gif": "gif"}


def kind_of(content: bytes) -> str | None:
    """The MIME type of a picture that can be sent, by its content; None for anything else."""
    return next((kind for beginning, kind in _BEGINNINGS.items() if content.startswith(beginning)), None)


def may_be_picture(said_type: str) -> bool:
    """Whether a file of which only this MIME type is known is worth looking at."""
    return said_type.lower().startswith("image/") or said_type in {"", "application/octet-stream"}
