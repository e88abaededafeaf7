"""What announcements do when something has happened."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from bot.announcements import fanout, pictures, report
from bot.events.handlers import handles
from bot.events.models import Event


@handles("announcement.confirmed", consumer="announcements.fan_out")
def start_fan_out(session: Session, event: Event, now: datetime) -> None:  # noqa: ARG001
    """Write a row for every subscriber, in the lane that broadcasts."""
    fanout.defer_fan_out(session, event.subject_id)


@handles("media.fetched", consumer="announcements.pictures_fetched")
@handles("media.failed", consumer="announcements.pictures_failed")
def go_on_with_pictures(session: Session, event: Event, now: datetime) -> None:
    """Send what waited for its last picture, or tell the author that it can't be sent."""
    announcement_id = pictures.announcement_with(session, event.subject_id)
    if announcement_id is not None:
        fanout.go_on(session, announcement_id, now=now)


@handles("messaging.settled", consumer="announcements.report")
def report_settled(session: Session, event: Event, now: datetime) -> None:
    """Tell the owner how it went."""
    if event.subject_type == "announcement":
        report.report_if_done(session, event.subject_id, now=now)
