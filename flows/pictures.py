"""Pictures of a draft: what is kept, what is left out, and why one can't be sent."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from bot.announcements import pictures
from bot.announcements.service import Preview
from bot.dialogue.turn import Turn
from bot.i18n import _, n_

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.audience.models import Client


def take_along(turn: Turn, announcement: UUID, new: Sequence[str]) -> list[str]:
    """Let pictures go along with a draft; gives a line when some of what came with this text do not."""
    no_room = pictures.add(turn.session, announcement, [UUID(each) for each in new], now=turn.now)
    not_taken = no_room + len(turn.files) - len(turn.pictures)
    return [left_out(turn, not_taken)] if not_taken else []


def say_refused(turn: Turn, client: Client, announcement: UUID) -> None:
    """Say why the pictures keep a draft from being sent."""
    failure = pictures.of(turn.session, announcement).failure
    assert failure is not None
    turn.reply(failure.complaint, client=client.name)


def say_without(turn: Turn, announcement: UUID) -> list[str]:
    """A line for a text that takes the place of a draft with pictures, and has none itself."""
    if turn.pictures or not pictures.of(turn.session, announcement).count:
        return []
    return [turn.say(_("Without the picture of the draft before: send it again if it belongs here."))]


def with_pictures(turn: Turn, preview: Preview) -> list[str]:
    """A line that says how many pictures go along, and why the price differs; none without any."""
    if not preview.pictures:
        return []
    return [
        turn.say(
            n_(
                "With {count} picture: each text is an MMS.",
                "With {count} pictures: each text is an MMS.",
            ),
            count=preview.pictures,
        )
    ]


def left_out(turn: Turn, count: int) -> str:
    """Say that files are not sent, and what could be."""
    return turn.say(
        n_(
            "{count} file was left out: we send JPEG, PNG and GIF pictures, 10 at most.",
            "{count} files were left out: we send JPEG, PNG and GIF pictures, 10 at most.",
        ),
        count=count,
    )
