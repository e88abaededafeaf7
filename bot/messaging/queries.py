"""Reads of messaging."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.messaging import statuses
from bot.messaging.models import Chunk, Message, Respite


@dataclass(frozen=True)
class Ledger:
    """What became of every text of one source; the parts always sum to ``total``."""

    pending: int = 0
    calling: int = 0
    unknown: int = 0
    on_the_way: int = 0  # accepted, queued, sending, sent
    delivered: int = 0
    without_receipt: int = 0  # Twilio had it, and told nothing more for days
    undelivered: int = 0
    failed: int = 0
    opted_out: int = 0  # skipped, or refused with 21610, because the person said STOP, left or was erased
    cancelled: int = 0  # skipped, because the owner dropped the rest
    expired: int = 0  # skipped, because it was too late to be of use
    skipped: int = 0  # for any other reason

    @property
    def total(self) -> int:
        """Everybody."""
        return self.unfinished + self.finished

    @property
    def finished(self) -> int:
        """Those for whom nothing more is expected."""
        ended = self.delivered + self.without_receipt + self.opted_out + self.cancelled + self.expired
        return ended + self.not_reached

    @property
    def unfinished(self) -> int:
        """Those for whom something is still to come."""
        return self.pending + self.calling + self.unknown + self.on_the_way

    @property
    def not_reached(self) -> int:
        """Those who could not be reached."""
        return self.undelivered + self.failed + self.skipped


#: What waits no longer than this is on its way: Twilio had no room, or a number is being looked up.
NEAR = timedelta(minutes=10)

ON_THE_WAY = {statuses.ACCEPTED, statuses.QUEUED, statuses.SENDING, statuses.SENT}


@dataclass(frozen=True)
class Part:
    """How many messages of one source came to the same end, or stand at the same place."""

    status: str
    skip_reason: str | None
    error_code: int | None
    count: int


def breakdown(session: Session, source_type: str, source_id: uuid.UUID) -> list[Part]:
    """What became of every text of one source, exactly; counted from the ledger's rows."""
    found = session.execute(
        select(Message.status, Message.skip_reason, Message.error_code, func.count())
        .where(Message.source_type == source_type, Message.source_id == source_id)
        .group_by(Message.status, Message.skip_reason, Message.error_code)
        .order_by(func.min(Message.rank), Message.status, Message.skip_reason, Message.error_code)
    )
    return [Part(*row) for row in found]


def ledger(session: Session, source_type: str, source_id: uuid.UUID) -> Ledger:
    """Sum the ledger for one source."""
    sums: dict[str, int] = {}
    for each in breakdown(session, source_type, source_id):
        part = _part(each.status, each.skip_reason, each.error_code)
        sums[part] = sums.get(part, 0) + each.count
    return Ledger(**sums)


def are_unsent(session: Session, source_type: str, source_id: uuid.UUID, *, by: datetime) -> bool:
    """Whether a source has messages to send, but for those to people who are left alone longer than that."""
    left_alone = select(Respite.id).where(
        Respite.contact_point_id == Message.contact_point_id,
        Respite.sender_id == Message.sender_id,
        Respite.ended_at.is_(None),
        Respite.until > by,
    )
    unsent = select(Message.id).where(
        Message.source_type == source_type,
        Message.source_id == source_id,
        Message.rank <= statuses.RANK[statuses.CALLING],
        ~left_alone.exists(),
    )
    return bool(session.scalar(select(unsent.exists())))


def last_sent_at(session: Session, source_type: str, source_id: uuid.UUID) -> datetime | None:
    """When the last of a source's chunks was done with; None while none is."""
    return session.scalar(
        select(func.max(Chunk.finished_at)).where(
            Chunk.source_type == source_type, Chunk.source_id == source_id
        )
    )


def waiting(
    session: Session, source_type: str, source_id: uuid.UUID, *, now: datetime
) -> tuple[int, datetime] | None:
    """How many texts of a source wait for a moment that is not near, and for which at the latest."""
    count, until = session.execute(
        select(func.count(), func.max(Message.next_attempt_at)).where(
            Message.source_type == source_type,
            Message.source_id == source_id,
            Message.rank == statuses.RANK[statuses.PENDING],
            Message.next_attempt_at > now + NEAR,
        )
    ).one()
    return None if until is None else (count, until)


def _part(status: str, skip_reason: str | None, error_code: int | None) -> str:
    if status in ON_THE_WAY:
        return "on_the_way"
    wished = skip_reason in {statuses.OPTED_OUT, statuses.LEFT, statuses.ERASED} or error_code == 21610
    if wished and status in {statuses.SKIPPED, statuses.FAILED, statuses.UNDELIVERED}:
        return "opted_out"
    if status == statuses.SKIPPED and skip_reason in {statuses.CANCELLED, statuses.EXPIRED}:
        return skip_reason
    return status
