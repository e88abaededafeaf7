"""Jobs of announcements."""

from __future__ import annotations

import uuid

from bot import db
from bot.announcements import fanout
from bot.clock import utc_now


def fan_out(announcement_id: str) -> None:
    """Write the rows of a confirmed announcement."""
    with db.transaction() as session:
        fanout.fan_out(session, uuid.UUID(announcement_id), now=utc_now())
