"""What messaging forgets of somebody: their number, and the texts that went to them alone."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import Select, select, update
from sqlalchemy.orm import Session, aliased

from bot.messaging import statuses
from bot.messaging.models import ContactPoint, Message, Rendering
from bot.messaging.service import rows, skip_pending

#: What may name whom it is for. The text of an announcement is its client's, and the same for everybody.
PERSONAL = ("reply", "notice", "series")


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
            .where(Rendering.id.in_(_written_to_alone(contact_point.id)))
            .values(text="")
            .execution_options(synchronize_session=False)
        )
    )


def _written_to_alone(contact_point_id: uuid.UUID) -> Select[uuid.UUID]:
    """The renderings that went to nobody else who is still known: in a series, namesakes share theirs."""
    theirs, another = aliased(Message), aliased(Message)
    shared = (
        select(another.id)
        .join(ContactPoint, ContactPoint.id == another.contact_point_id)
        .where(
            another.source_type == theirs.source_type,
            another.source_id == theirs.source_id,
            another.rendering_id == theirs.rendering_id,
            ContactPoint.id != contact_point_id,
            ContactPoint.address.is_not(None),
        )
        .exists()
    )
    return select(theirs.rendering_id).where(
        theirs.contact_point_id == contact_point_id, theirs.purpose.in_(PERSONAL), ~shared
    )
