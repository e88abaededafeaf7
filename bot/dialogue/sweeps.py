"""What the dialogue looks after from rows alone."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from bot.dialogue import conversations, jobs, unseen
from bot.jobs import DEFAULT, defer


def expired_prompts(session: Session, now: datetime) -> None:
    """Questions that nobody answered in time."""
    conversations.close_expired_prompts(session, now=now)


def numbers_of_services(session: Session, now: datetime) -> None:  # noqa: ARG001
    """Messaging Services, whose numbers may have changed."""
    if unseen.services(session):
        defer(session, DEFAULT, jobs.learn_numbers)


def unseen_texts(session: Session, now: datetime) -> None:
    """Numbers of ours that are due to be looked at for texts that we missed."""
    if unseen.expect(session, now=now):
        defer(session, DEFAULT, jobs.take_in_unseen)
