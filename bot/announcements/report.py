"""The report: the owner is told once how an announcement went."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot import i18n
from bot.announcements import queries
from bot.announcements.models import Announcement
from bot.audience import service as audience
from bot.audience.models import Client
from bot.i18n import _, n_
from bot.messaging import texts
from bot.messaging.models import ContactPoint
from bot.messaging.queries import Ledger, are_unsent, last_sent_at

#: Receipts of a few can lag for days, and somebody who was asked whether they want to end may not answer;
#: after this long without them the owner is told what is known.
WAIT_FOR_RECEIPTS = timedelta(minutes=10)


def report_if_done(session: Session, announcement_id: uuid.UUID, *, now: datetime) -> None:
    """Tell the author how it went, once: when nothing more is expected, or when receipts keep us waiting."""
    announcement = session.scalars(
        select(Announcement).where(Announcement.id == announcement_id).with_for_update()
    ).one()
    if announcement.reported_at is not None or announcement.fanned_out_at is None:
        return
    ledger = queries.progress(session, announcement).ledger
    unsent = are_unsent(session, "announcement", announcement_id, by=now + WAIT_FOR_RECEIPTS)
    sent_at = last_sent_at(session, "announcement", announcement_id) or announcement.fanned_out_at
    waited = now - sent_at >= WAIT_FOR_RECEIPTS
    if ledger.unfinished and (unsent or not waited):
        return
    announcement.reported_at = now
    tell_author(
        session,
        announcement,
        ("announcement_report", announcement.id),
        lambda client, locale: i18n.render(
            _("{client}: done. {result}."), locale, client=client, result=summary(ledger, locale)
        ),
        now=now,
    )


def tell_author(
    session: Session,
    announcement: Announcement,
    source: tuple[str, uuid.UUID],
    text: Callable[[str, str], str],
    *,
    now: datetime,
) -> None:
    """Text the author of an announcement about it, once for each source.

    :param source: its type and id.
    :param text: makes the words, of the client's name and the author's locale.
    """
    client = session.get_one(Client, announcement.client_id)
    author = session.get_one(ContactPoint, announcement.author_id)
    locale = audience.locale_of(session, author.person_id) or client.locale
    texts.queue_notice(
        session,
        contact_point_id=author.id,
        sender_id=announcement.sender_id,
        client_id=client.id,
        source_type=source[0],
        source_id=source[1],
        locale=locale,
        text=text(client.name, locale),
        now=now,
    )


def summary(
    ledger: Ledger,
    locale: str,
    not_yet_queued: int = 0,
    *,
    paused: bool = False,
    waiting: int = 0,
    until: str = "",
) -> str:
    """What became of an announcement's texts, in words: ``9 delivered, 1 failed``.

    :param waiting: how many wait for the end of quiet hours, and ``until`` when at the latest.
    """
    not_confirmed = ledger.unknown + ledger.without_receipt
    unsent = not_yet_queued + ledger.pending
    on_the_way = ledger.calling + ledger.on_the_way + (0 if paused else unsent - waiting)
    parts = [
        i18n.render(text, locale, count=count, moment=until)
        for text, count in (
            (n_("{count} delivered", "{count} delivered"), ledger.delivered),
            (n_("{count} failed", "{count} failed"), ledger.not_reached),
            (n_("{count} opted out", "{count} opted out"), ledger.opted_out),
            (
                n_("{count} on the way", "{count} on the way"),
                on_the_way,
            ),
            (n_("{count} paused", "{count} paused"), unsent if paused else 0),
            (n_("{count} waiting until {moment}", "{count} waiting until {moment}"), waiting),
            (n_("{count} cancelled", "{count} cancelled"), ledger.cancelled),
            (n_("{count} too late", "{count} too late"), ledger.expired),
            (n_("{count} not confirmed", "{count} not confirmed"), not_confirmed),
        )
        if count or text.singular == "{count} delivered"
    ]
    return i18n.listed(parts, locale)
