"""Pictures of a draft: sent with it when all are there, and otherwise nothing is."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import func, select

from bot.announcements import fanout, pictures, queries, schedule, sweeps
from bot.announcements import service as announcements
from bot.announcements.models import Announcement, Picture
from bot.ids import uuid7
from bot.media import fetching, service
from bot.media.models import Media
from bot.messaging.models import Message, Rendering
from bot.vendors.media import Downloaded, TooBig

JPEG = b"\xff\xd8\xff"


@pytest.fixture
def drafted(session, pizza, author, crowd, now):
    """A draft to two people, with as many pictures as asked."""
    crowd(2, now - timedelta(days=1))

    def draft(count):
        announcement = announcements.draft(session, pizza, author, "Half-price pizza", now=now)
        assert pictures.add(session, announcement, received(session, count, now), now=now) == 0
        return announcement

    return draft


def received(session, count, now):
    files = [("https://api.twilio.example/picture", "image/jpeg")] * count
    noted = service.receive(session, source_type="inbound", source_id=uuid7(), files=files, now=now)
    return [each.id for each in noted]


def fetch(session, now, outcome=None, most=99):
    """Let the pictures that are wanted come, or whatever else comes of them."""
    for _ in range(most):
        wanted = fetching.take(session, now=now)
        if wanted is None:
            return
        fetching.note(session, wanted, outcome or Downloaded(JPEG + b"a picture"), now=now)


def texts_of(session, announcement):
    return session.scalars(select(Message).where(Message.source_id == announcement)).all()


def notices(session):
    return session.scalars(
        select(Rendering.text)
        .join(Message, Message.rendering_id == Rendering.id)
        .where(Message.source_type == "picture_refused")
    ).all()


def test_an_mms_has_one_price_however_long_it_is(session, pizza, drafted, now):
    draft = drafted(2)
    announcements.add_wording(session, draft, "en", "pizza " * 60)
    preview = announcements.preview(session, pizza, draft, now=now)
    assert (preview.pictures, preview.cost) == (2, 2 * Decimal("0.022"))


def test_all_go_along_in_their_order_in_every_language(session, pizza, author, drafted, now):
    draft = drafted(3)
    fetch(session, now)
    announcements.confirm(session, pizza, draft, author, now=now)
    fanout.fan_out(session, draft, now=now)
    assert len(texts_of(session, draft)) == 2
    names = session.scalars(select(Media.name).order_by(Media.position)).all()
    for media in session.scalars(select(Rendering.media).where(Rendering.source_id == draft)):
        assert media == [f"{name}.jpg" for name in names]


def test_nothing_is_sent_while_one_is_awaited(session, pizza, author, drafted, now):
    draft = drafted(2)
    fetch(session, now, most=1)
    assert announcements.confirm(session, pizza, draft, author, now=now) == 2
    fanout.fan_out(session, draft, now=now)
    assert texts_of(session, draft) == []
    assert draft in queries.without_fan_out(session)
    fetch(session, now)
    fanout.fan_out(session, draft, now=now)
    assert len(texts_of(session, draft)) == 2


def test_one_that_fails_after_confirm_stops_all_and_the_author_is_told_once(
    session, pizza, author, drafted, now
):
    draft = drafted(2)
    announcements.confirm(session, pizza, draft, author, now=now)
    fetch(session, now, TooBig(), most=1)
    fetch(session, now)
    for _ in range(2):
        fanout.go_on(session, draft, now=now)
        fanout.fan_out(session, draft, now=now)
    assert texts_of(session, draft) == []
    assert session.get_one(Announcement, draft).status == "discarded"
    assert len(notices(session)) == 1
    assert draft not in queries.without_fan_out(session)


def test_one_that_fails_after_it_was_planned_takes_it_off_the_plan(session, pizza, author, drafted, now):
    """The author reads that nothing was sent, and texts it again: it must not stay listed beside that."""
    draft = drafted(1)
    schedule.plan(session, draft, now + timedelta(hours=5))
    assert schedule.stand(session, draft, author, now=now)
    fetch(session, now, TooBig())
    fanout.go_on(session, draft, now=now)
    assert schedule.planned(session, [pizza.id]) == []
    assert len(notices(session)) == 1


def test_together_they_may_have_five_megabytes(session, pizza, author, drafted, now):
    draft = drafted(2)
    fetch(session, now, Downloaded(JPEG + bytes(2_500_000 - len(JPEG))))
    assert pictures.of(session, draft).failure is None
    other = drafted(2)
    fetch(session, now, Downloaded(JPEG + bytes(2_500_001 - len(JPEG))))
    failure = pictures.of(session, other).failure
    assert failure is not None
    assert failure.reason == "too_big"
    announcements.confirm(session, pizza, other, author, now=now)
    fanout.fan_out(session, other, now=now)
    assert texts_of(session, other) == []


def test_ten_fit(session, drafted, now):
    draft = drafted(8)
    assert pictures.add(session, draft, received(session, 4, now), now=now) == 2
    assert pictures.of(session, draft).count == 10
    assert session.scalar(select(func.count()).where(Media.status == "wanted")) == 10


def test_another_takes_the_place_of_those_that_failed(session, drafted, now):
    draft = drafted(3)
    fetch(session, now, TooBig(), most=2)
    fetch(session, now)
    pictures.add(session, draft, received(session, 1, now), now=now)
    fetch(session, now)
    assert pictures.of(session, draft).failure is None
    assert pictures.of(session, draft).count == 2


def test_a_dropped_draft_leaves_no_copy(session, drafted, now):
    draft = drafted(2)
    fetch(session, now, most=1)
    announcements.discard(session, draft)
    assert set(session.scalars(select(Media.status))) == {"dropped"}
    assert session.scalar(select(func.count(Media.content))) == 0
    assert fetching.take(session, now=now) is None


def test_copies_are_dropped_when_nobody_needs_them(session, pizza, author, drafted, now):
    sent, waits, expired = drafted(1), drafted(1), drafted(1)
    session.get_one(Announcement, waits).expires_at = now + timedelta(days=60)
    fetch(session, now)
    announcements.confirm(session, pizza, sent, author, now=now)
    fanout.fan_out(session, sent, now=now)

    def kept(at):
        sweeps.old_pictures(session, at)
        return [
            session.scalars(select(Media.status).join(Picture).where(Picture.announcement_id == draft)).one()
            == "fetched"
            for draft in (sent, waits, expired)
        ]

    assert kept(now) == [True, True, True]
    assert kept(now + timedelta(days=2)) == [True, True, False]
    assert kept(now + timedelta(days=8)) == [False, True, False]
