"""What announcements do when something has happened."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from bot.announcements import fanout, report
from bot.events.handlers import handles
from bot.events.models import Event


@handles("announcement.confirmed", consumer="announcements.fan_out")
def start_fan_out(session: Session, event: Event, now: datetime) -> None:  # noqa: ARG001
    """Write a row for every subscriber, in the lane that broadcasts."""
    fanout.defer_fan_out(session, event.subject_id)


@handles("messaging.settled", consumer="announcements.report")
def report_settled(session: Session, event: Event, now: datetime) -> None:
    """Tell the owner how it went."""
    if event.subject_type == "announcement":
        report.report_if_done(session, event.subject_id, now=now)
