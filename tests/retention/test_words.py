"""What was said long ago goes, its rows and counts stay, and nothing in use loses a word."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select, text, update

from bot import db
from bot.announcements import pictures
from bot.announcements.models import Announcement
from bot.announcements.sweeps import expired_drafts
from bot.dialogue.models import Conversation, Prompt
from bot.media.models import Media
from bot.messaging.models import Message, Rendering
from bot.messaging.statuses import RANK
from tests.dialogue.transcript import Player
from tests.retention.looking import (
    LATER,
    a_boundary,
    bodies,
    encrypted,
    end_what_has_no_receipt,
    everything_counted,
    redact,
    texts,
    wordings,
)

#: Encrypted columns that keep their words, and why.
KEPT = {
    "consent.text_shown": "proves that a business was allowed to text, which can be asked for years later",
    "consent.words_said": "proves that they agreed, or that we heard their STOP",
    "announcement.urgent_because": "answers for texts at night, which can be sued about for four years",
    "contact_point.address": "is where they are texted; it goes when they have themselves erased",
    "person.name": "greets them; it goes when they have themselves erased",
    "keyword_answer.text": "is what is still answered; its client can end it",
    "welcome_wording.text": "is what new subscribers are still sent; its client can end it",
}
REDACTED = {
    "inbound.body",
    "rendering.text",
    "wording.text",
    "conversation.memory",
    "prompt.memory",
}


def test_every_encrypted_column_is_redacted_or_is_kept_for_a_reason(scene: Player) -> None:
    scene.take("Ana >> LEAVE")  # a question
    scene.take("Olivia >> More pizza")  # a draft, and a talk about it
    scene.take("at 15:00 2 days later")
    with db.transaction() as session:
        expired_drafts(session, scene.now)
        session.execute(update(Prompt).values(closed_at=scene.now))
        session.execute(update(Announcement).values(urgent_because="A flood"))
        session.execute(text("UPDATE person SET name = NULL"))
    assert {name for name, _ in encrypted()} == KEPT.keys() | REDACTED, "say here what becomes of it"
    assert {name for name, words in encrypted() if words} >= REDACTED | {"consent.words_said"}
    kept = {name: sorted(words) for name, words in encrypted() if name in KEPT}
    redact()
    assert {name: words for name, words in encrypted() if name in REDACTED and words} == {}
    assert {name: sorted(words) for name, words in encrypted() if name in KEPT} == kept


def test_nothing_that_is_counted_changes(scene: Player) -> None:
    end_what_has_no_receipt()
    before = everything_counted()
    assert redact()["messaging"] > 10
    assert everything_counted() == before


def test_what_is_younger_keeps_its_words(scene: Player) -> None:
    boundary = a_boundary()
    scene.take("Sam >> One more thing")
    assert redact(boundary)["dialogue"] > 10
    assert bodies() == {"One more thing"}
    assert len(texts("inbound")) == 1
    assert redact(boundary) == {}


def test_an_announcement_is_as_old_as_its_last_moment(scene: Player) -> None:
    with db.transaction() as session:
        session.execute(update(Announcement).values(confirmed_at=LATER))
    assert "announcements" not in redact()
    assert wordings() == {"Half-price pizza"}
    assert texts("announcement")


def test_what_is_under_way_is_sent_with_its_words(scene: Player) -> None:
    scene.take("  sending waits")
    scene.take("Olivia >> More pizza")
    scene.take("Olivia >> CONFIRM")
    scene.take("Nia >> JOIN pizza-palace")  # of which the owner is told
    redact()
    assert wordings() == {"More pizza"}
    heard_before = len(scene.written)
    scene.take("(sending goes on)")
    arrived = "\n".join(scene.written[heard_before:])
    assert arrived.count("Pizza Palace: More pizza") == 2
    assert not any(line.rstrip().endswith("<< [en]") for line in scene.written)
    assert redact()["announcements"] == 1
    assert wordings() == set()


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        (("Olivia >> More pizza",), "draft"),
        (("Olivia >> SCHEDULE tomorrow 10:00 More pizza", "Olivia >> CONFIRM"), "scheduled"),
        (("  pictures wait", "Olivia sends a picture: More pizza", "Olivia >> CONFIRM"), "confirmed"),
        (("  sending waits", "Olivia >> More pizza", "Olivia >> CONFIRM", "Olivia >> PAUSE"), "confirmed"),
    ],
)
def test_what_is_not_over_keeps_its_words(scene: Player, lines: tuple[str, ...], status: str) -> None:
    for line in lines:
        scene.take(line)
    redact()
    with db.transaction() as session:
        newest = session.scalars(select(Announcement).order_by(Announcement.id.desc()).limit(1)).one()
        assert (newest.status, newest.redacted_at) == (status, None)
    assert wordings() == {"More pizza"}
    assert bool(texts("announcement")) == (status == "confirmed")


def test_what_was_dropped_or_never_confirmed_goes(scene: Player) -> None:
    scene.take("Olivia >> Dropped pizza")
    scene.take("Olivia >> DISCARD")
    scene.take("Olivia >> Forgotten pizza")
    scene.take("at 15:00 2 days later")
    with db.transaction() as session:
        expired_drafts(session, scene.now)
    assert redact()["announcements"] == 3
    assert wordings() == set()


@pytest.mark.parametrize("purpose", ["announcement", "reply"])
def test_what_is_unknown_keeps_the_words_that_are_compared_with_twilio_s(scene: Player, purpose: str) -> None:
    with db.transaction() as session:
        one = select(Message.id).where(Message.purpose == purpose).limit(1).scalar_subquery()
        session.execute(
            update(Message).where(Message.id == one).values(status="unknown", rank=RANK["unknown"])
        )
    redact()
    with db.transaction() as session:
        words = session.scalars(
            select(Rendering.text)
            .join(Message, Message.rendering_id == Rendering.id)
            .where(Message.status == "unknown")
        ).one()
    assert words
    assert bool(wordings()) == (purpose == "announcement")


def test_the_same_text_come_again_is_known_and_not_answered_twice(scene: Player) -> None:
    redact()
    before = everything_counted(), len(scene.written)
    scene.take("Ana's text comes again")
    assert (everything_counted(), len(scene.written) - 1) == before


def test_a_talk_that_is_going_on_and_an_open_question_are_remembered(scene: Player) -> None:
    scene.take("Olivia >> More pizza")
    scene.take("Ana >> LEAVE")
    redact(scene.now)
    with db.transaction() as session:
        assert session.scalar(select(func.count()).where(Conversation.memory.is_not(None))) == 1
        assert session.scalar(select(func.count()).where(Prompt.memory.is_not(None))) >= 1
    redact()
    with db.transaction() as session:
        assert session.scalar(select(func.count()).where(Prompt.closed_at.is_(None))) >= 1
        assert session.scalar(select(func.count()).where(Prompt.memory.is_not(None))) >= 1


def test_where_files_are_is_forgotten_but_not_of_pictures_to_be_sent(scene: Player) -> None:
    def urls() -> set[tuple[str, bool]]:
        with db.transaction() as session:
            return {(row.status, row.url != "") for row in session.scalars(select(Media))}

    scene.take("Olivia sends a picture: More pizza")
    assert urls() == {("known", True), ("fetched", True)}
    assert redact()["media"] == 1
    assert urls() == {("dropped", False), ("fetched", True)}
    scene.take("Olivia >> CONFIRM")
    with db.transaction() as session:
        for announcement_id in pictures.no_longer_needed(session, LATER):
            pictures.drop(session, announcement_id)
    assert redact()["media"] == 1
    assert urls() == {("dropped", False)}
