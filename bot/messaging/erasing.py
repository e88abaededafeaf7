"""What messaging forgets of somebody: their number, and the texts that went to them alone."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bot.messaging import statuses
from bot.messaging.models import ContactPoint, Message, Rendering
from bot.messaging.service import rows, skip_pending

#: Each of these has a rendering of its own. Others share theirs: the text of an announcement is its client's.
TO_ONE_ALONE = ("reply", "notice")


def erase(session: Session, contact_point: ContactPoint, *, now: datetime) -> int:
    """Forget a number and what was written to it alone; gives of how many texts the words are gone.

    What is pending is taken back; a text that is being sent at this moment still arrives. The rows of the
    ledger stay, without words, because a sum that changes is no ledger. So do the index of the number and its
    opt-outs: without them, a later list or JOIN would not know of the STOP.
    """
    skip_pending(session, contact_point_id=contact_point.id, reason=statuses.ERASED, now=now)
    contact_point.address, contact_point.last4 = None, ""
    contact_point.place_id = contact_point.place_source = None
    session.flush()
    return rows(
        session.execute(
            update(Rendering)
            .where(
                Rendering.id.in_(
                    select(Message.rendering_id).where(
                        Message.contact_point_id == contact_point.id, Message.purpose.in_(TO_ONE_ALONE)
                    )
                )
            )
            .values(text="")
            .execution_options(synchronize_session=False)
        )
    )
