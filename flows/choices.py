"""Lists to choose from by number."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.audience.models import Client


def numbered(clients: Iterable[Client]) -> str:
    """The clients' names, one to a line, each with the number to reply with."""
    return "\n".join(f"{place}. {client.name}" for place, client in enumerate(clients, 1))
