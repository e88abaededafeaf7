"""Lists to choose from by number."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from bot.i18n import _

if TYPE_CHECKING:
    from bot.audience.models import Client
    from bot.dialogue.turn import Turn


def ask_for_whom(turn: Turn, clients: Sequence[Client], **memory: Any) -> None:
    """Ask which of several clients is meant; the question ``for_whom`` remembers the rest meanwhile."""
    turn.ask(
        "for_whom", expires_after=timedelta(hours=12), slugs=[client.slug for client in clients], **memory
    )
    turn.reply(_("For which business is this? Reply with its number.\n{names}"), names=numbered(clients))


def chosen(turn: Turn, clients: Sequence[Client], number: str) -> Client | None:
    """The client that a number means on the list that was asked with, if it is still one of these."""
    slugs = turn.memory["slugs"]
    slug = slugs[int(number) - 1] if 1 <= int(number) <= len(slugs) else None
    return next((client for client in clients if client.slug == slug), None)


def do_for_one(turn: Turn, do: Callable[..., None], **what: Any) -> None:
    """Do it for the only client that the writer speaks for; of several, ask for which."""
    if len(turn.clients) == 1:
        do(turn, turn.clients[0], **what)
    else:
        ask_for_whom(turn, turn.clients, what=what)


def do_for_chosen(turn: Turn, number: str, do: Callable[..., None]) -> None:
    """Do what was asked about in :func:`do_for_one` for the client that a number means, or ask again."""
    what = turn.memory["what"]
    client = chosen(turn, turn.clients, number)
    if client is None:
        ask_for_whom(turn, turn.clients, what=what)
    else:
        do(turn, client, **what)


def numbered(clients: Iterable[Client]) -> str:
    """The clients' names, one to a line, each with the number to reply with."""
    return numbered_lines(client.name for client in clients)


def numbered_lines(lines: Iterable[str]) -> str:
    """Lines, each with the number to reply with."""
    return "\n".join(f"{place}. {line}" for place, line in enumerate(lines, 1))
