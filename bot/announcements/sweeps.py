"""What announcements look after from rows alone, so that a lost job only delays."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from bot import db
from bot.announcements import fanout, pictures, queries, report, schedule, service
from bot.messaging import holds
from bot.messaging.quiet import USEFUL_FOR


def missing_fan_outs(session: Session, now: datetime) -> None:  # noqa: ARG001
    """Fan out what was confirmed and has no rows."""
    for announcement_id in queries.without_fan_out(session):
        fanout.defer_fan_out(session, announcement_id)


def outlasted_pauses(session: Session, now: datetime) -> None:
    """End pauses that nobody ended in time: what they held is skipped as too late, and the owner told."""
    outlasted = holds.outlasted(session, "announcement", held_before=now - USEFUL_FOR, now=now)
    for announcement_id in outlasted:
        holds.release(session, "announcement", announcement_id, now=now)


def due_schedules(session: Session, now: datetime) -> None:
    """Start what was planned and is due, or tell its author that it was missed."""

    def start_one(announcement_id: UUID) -> None:
        schedule.start(session, announcement_id, now=now)

    db.one_by_one(session, schedule.due(session, now), start_one)


def missing_reports(session: Session, now: datetime) -> None:
    """Report what is done, or what receipts keep waiting."""

    def report_one(announcement_id: UUID) -> None:
        report.report_if_done(session, announcement_id, now=now)

    db.one_by_one(session, [each.id for each in queries.unreported(session)], report_one)


def expired_drafts(session: Session, now: datetime) -> None:
    """Drafts that were never confirmed."""
    service.expire_drafts(session, now=now)


def old_pictures(session: Session, now: datetime) -> None:
    """Drop our copies of pictures that nobody needs any more."""
    for announcement_id in pictures.no_longer_needed(session, now):
        pictures.drop(session, announcement_id)
