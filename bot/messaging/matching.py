"""Matching: which of Twilio's texts is which of our messages, when no answer told us its id."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.vendors.listing import Listed

#: Twilio's clock and ours may differ, and it tells whole seconds.
SKEW = timedelta(seconds=5)
#: A call begins within a second of its mark and is given up after ten. Twilio has made its text by then.
AFTER = timedelta(minutes=2)


@dataclass(frozen=True)
class Unknown:
    """A message of ours that Twilio may have.

    :param sender: a Messaging Service's sid (``MG…``) or one of our numbers in E.164.
    """

    message_id: uuid.UUID
    to: str
    sender: str
    body: str
    media_count: int
    called_at: datetime


def match(
    unknowns: Iterable[Unknown], listed: Iterable[Listed], *, taken: Collection[str]
) -> dict[uuid.UUID, Listed]:
    """Pair messages with the texts that they became; the nearest in time first, each text at most once.

    :param taken: Twilio's ids of texts that are known to be other messages'.
    """
    texts = [text for text in listed if text.sid not in taken]
    pairs = sorted(
        (
            (abs(text.created_at - unknown.called_at), text.sid, unknown.message_id, text)
            for unknown in unknowns
            for text in texts
            if _may_be(unknown, text)
        ),
        key=lambda pair: pair[:3],
    )
    matched: dict[uuid.UUID, Listed] = {}
    used: set[str] = set()
    for _, sid, message_id, text in pairs:
        if message_id not in matched and sid not in used:
            matched[message_id] = text
            used.add(sid)
    return matched


def _may_be(unknown: Unknown, text: Listed) -> bool:
    sent_by = text.service_sid if unknown.sender.startswith("MG") else text.from_
    return (
        text.direction == "outbound-api"
        and text.to == unknown.to
        and sent_by == unknown.sender
        and text.body == unknown.body
        and text.media_count == unknown.media_count
        and -SKEW <= text.created_at - unknown.called_at <= AFTER
    )
