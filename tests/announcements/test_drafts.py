"""Drafts: what they would say, to how many, and for how much."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from sqlalchemy import func, select

from bot.announcements import service as announcements
from bot.announcements import sweeps
from bot.announcements.models import Announcement
from bot.announcements.wording import compose
from bot.i18n import LOCALES
from bot.messaging.models import Message, Rendering
from bot.messaging.segments import LONGEST_TEXT, measure


def test_the_cost_is_segments_times_readers_times_the_price(session, pizza, author, crowd, now):
    crowd(3, now)
    crowd(2, now, "es")
    crowd(1, now, "ar")
    draft = announcements.draft(session, pizza, author, "Half-price pizza", now=now)
    announcements.add_wording(session, draft, "es", "Pizza " * 30)
    announcements.add_wording(session, draft, "ar", "بيتزا " * 20)
    preview = announcements.preview(session, pizza, draft, now=now)
    assert preview.recipients == {"en": 3, "es": 2, "ar": 1}
    assert preview.segments == {"en": 1, "es": 2, "ar": 3}
    assert preview.cost == (3 * 1 + 2 * 2 + 1 * 3) * Decimal("0.0083")


def test_a_language_without_a_wording_gets_the_client_s_own_words_in_its_own_frame(
    session, pizza, author, now
):
    draft = announcements.draft(session, pizza, author, "Half-price pizza", now=now)
    announcements.add_wording(session, draft, "es", "Pizza a mitad de precio")
    announcements.add_wording(session, draft, "es", "¡Pizza a mitad de precio!")
    texts = announcements.preview(session, pizza, draft, now=now).texts
    assert texts["fr"] == compose("Pizza Palace", "Half-price pizza", "fr")
    assert texts["es"] == compose("Pizza Palace", "¡Pizza a mitad de precio!", "es")
    for locale in LOCALES:
        assert "Pizza Palace" in texts[locale]
        assert "STOP" in texts[locale]


def test_the_number_to_cut_makes_it_fit_exactly(session, pizza):
    for text in ("a" * 1700, "é" * 1700, "🍕" * 900):
        over = announcements.too_long_by(pizza, {"en": text})
        units = 2 if text[0] == "🍕" else 1
        assert over > 0
        cut = text[: len(text) - -(-over // units)]
        assert announcements.too_long_by(pizza, {"en": cut}) == 0
        longest = max(measure(compose(pizza.name, cut, locale)).length for locale in LOCALES)
        assert LONGEST_TEXT - units < longest <= LONGEST_TEXT


def test_confirm_freezes_every_language_and_the_number(session, pizza, author, crowd, now):
    crowd(2, now, "fr")
    draft = announcements.draft(session, pizza, author, "Half-price pizza", now=now)
    assert announcements.confirm(session, pizza, draft, author, now=now) == 2
    renderings = session.scalars(select(Rendering).where(Rendering.source_id == draft)).all()
    assert sorted(each.locale for each in renderings) == sorted(LOCALES)
    for each in renderings:
        assert (each.encoding, each.segments) == (
            measure(each.text).encoding,
            measure(each.text).segments,
        )


def test_confirm_works_once_and_never_after_discard_or_a_day(session, pizza, author, crowd, now):
    crowd(1, now)
    drafts = [announcements.draft(session, pizza, author, "Half-price pizza", now=now) for _ in range(3)]
    assert announcements.confirm(session, pizza, drafts[0], author, now=now) == 1
    assert announcements.confirm(session, pizza, drafts[0], author, now=now) is None
    announcements.discard(session, drafts[0])  # too late
    announcements.discard(session, drafts[1])
    assert announcements.confirm(session, pizza, drafts[1], author, now=now) is None
    assert announcements.confirm(session, pizza, drafts[2], author, now=now + timedelta(days=1)) is None
    session.expire_all()
    assert [session.get_one(Announcement, draft).status for draft in drafts] == [
        "confirmed",
        "discarded",
        "draft",
    ]
    assert session.scalar(select(func.count()).select_from(Message)) == 0


def test_a_draft_that_nobody_confirmed_expires_and_others_do_not(session, pizza, author, now):
    old = announcements.draft(session, pizza, author, "Half-price pizza", now=now - timedelta(days=1))
    new = announcements.draft(session, pizza, author, "Free pizza", now=now)
    sweeps.expired_drafts(session, now)
    assert session.get_one(Announcement, old).status == "expired"
    assert session.get_one(Announcement, new).status == "draft"
    assert announcements.confirm(session, pizza, old, author, now=now) is None
