"""Telling a client's members of new subscribers: one text a minute at most, however many join."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot import i18n
from bot.audience import queries
from bot.audience.models import Client
from bot.i18n import n_
from bot.ids import uuid7
from bot.messaging import service as messaging

AT_MOST_EVERY = timedelta(minutes=1)


def tell_of_new_subscribers(session: Session, client_id: uuid.UUID, *, now: datetime) -> None:
    """Tell every member how many joined since they were last told, unless that was less than a minute ago."""
    client = session.scalars(select(Client).where(Client.id == client_id).with_for_update()).one()
    told_at = client.subscribers_told_at or client.created_at
    if client.subscribers_told_at is not None and now - told_at < AT_MOST_EVERY:
        return
    new = queries.new_subscribers(session, client_id, since=told_at, at=now)
    if new == 0:
        return
    client.subscribers_told_at = now
    total = queries.subscriber_count(session, client_id, now)
    notice_id = uuid7()
    for member in queries.members(session, client_id):
        messaging.queue_notice(
            session,
            contact_point_id=member.contact_point_id,
            sender_id=client.sender_id,
            client_id=client_id,
            source_type="new_subscribers",
            source_id=notice_id,
            locale=member.locale,
            text=i18n.render(
                n_(
                    "You got a new subscriber! That makes {total} so far!",
                    "You got {count} new subscribers! That makes {total} so far!",
                ),
                member.locale,
                count=new,
                total=total,
            ),
            now=now,
        )
