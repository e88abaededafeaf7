"""What media forget when they are old: where files are that nobody sends along."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import case, select, update
from sqlalchemy.orm import Session

from bot.ids import lowest_id_at
from bot.media.models import Media

#: One that is wanted or fetched is an announcement's, which drops it when it is over.
_NOBODY_S = ("known", "failed", "dropped")


def redact(session: Session, before: datetime, *, most: int, now: datetime) -> int:  # noqa: ARG001
    """Forget where old files are; gives how many, 0 when none is left. Held rows are passed over."""
    old = (
        select(Media.id)
        .where(Media.url != "", Media.id < lowest_id_at(before), Media.status.in_(_NOBODY_S))
        .order_by(Media.id)
        .limit(most)
        .with_for_update(skip_locked=True, key_share=True)
    )
    found = session.scalars(old).all()
    session.execute(
        update(Media)
        .where(Media.id.in_(found))
        .values(url="", status=case((Media.status == "known", "dropped"), else_=Media.status))
        .execution_options(synchronize_session=False)
    )
    return len(found)
