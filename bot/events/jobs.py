"""Jobs of the outbox."""

from __future__ import annotations

from datetime import UTC, datetime

from bot.events import dispatch


def dispatch_events() -> None:
    """Handle every event that waits; with nothing to do it ends at once."""
    while dispatch.dispatch_batch(datetime.now(UTC)):
        pass
