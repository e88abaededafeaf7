"""Telling a client's members of new subscribers: one text a minute at most, however many join."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bot import i18n
from bot.audience import queries
from bot.audience.models import Client, Subscription
from bot.i18n import n_
from bot.ids import uuid7
from bot.messaging import service as messaging
from bot.messaging import texts

AT_MOST_EVERY = timedelta(minutes=1)


def tell_of_new_subscribers(session: Session, client_id: uuid.UUID, *, now: datetime) -> None:
    """Tell every member how many joined since they were last told, unless that was less than a minute ago."""
    # Counting takes a second where a million follow. Who joins meanwhile refers to the client's row, and must
    # not wait: hence the weaker lock.
    client = session.scalars(
        select(Client).where(Client.id == client_id).with_for_update(key_share=True)
    ).one()
    if client.subscribers_told_at is not None and now - client.subscribers_told_at < AT_MOST_EVERY:
        return
    told = session.execute(
        update(Subscription)
        .where(Subscription.id.in_(queries.untold_subscriptions(client_id, now)))
        .values(told_at=now)
    )
    new = messaging.rows(told)
    if new == 0:
        return
    client.subscribers_told_at = now
    total = queries.subscriber_count(session, client_id, now)
    notice_id = uuid7()
    for member in queries.members(session, client_id):
        texts.queue_notice(
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
