"""Lists to choose from by number."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.audience.models import Client


def numbered(clients: Iterable[Client]) -> str:
    """The clients' names, one to a line, each with the number to reply with."""
    return numbered_lines(client.name for client in clients)


def numbered_lines(lines: Iterable[str]) -> str:
    """Lines, each with the number to reply with."""
    return "\n".join(f"{place}. {line}" for place, line in enumerate(lines, 1))
