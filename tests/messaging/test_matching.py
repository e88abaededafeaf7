"""Which of Twilio's texts is which of our messages: never one text for two, never a stranger's."""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.config import settings
from bot.messaging.matching import AFTER, SKEW, Unknown, match
from bot.vendors import listing
from bot.vendors.listing import CouldNotLook, Listed, Listing
from tests.messaging.broadcast import number

NOW = datetime(2026, 11, 24, 18, 0, tzinfo=UTC)
SERVICE = "MG" + "1" * 32
MESSAGE = Unknown(uuid.UUID(int=1), number(1), SERVICE, "Half price", 0, NOW)
TEXT = Listed("SM1", "outbound-api", number(1), None, SERVICE, "Half price", 0, "sent", None, NOW)


def test_the_text_of_a_call_is_found():
    assert match([MESSAGE], [TEXT], taken=()) == {MESSAGE.message_id: TEXT}


@pytest.mark.parametrize(
    "other",
    [
        {"direction": "outbound-reply"},
        {"direction": "inbound"},
        {"to": number(2)},
        {"service_sid": "MG" + "2" * 32},
        {"service_sid": None, "from_": "+15550100000"},
        {"body": "half price"},
        {"body": "Half price "},
        {"media_count": 1},
        {"created_at": NOW - SKEW - timedelta(seconds=1)},
        {"created_at": NOW + AFTER + timedelta(seconds=1)},
    ],
    ids=str,
)
def test_another_text_is_not(other):
    assert match([MESSAGE], [replace(TEXT, **other)], taken=()) == {}


def test_a_text_that_is_another_message_s_is_not():
    assert match([MESSAGE], [TEXT], taken={"SM1"}) == {}


def test_a_sender_that_is_a_number_is_matched_by_it():
    message = replace(MESSAGE, sender="+15550100000")
    assert match([message], [TEXT], taken=()) == {}
    text = replace(TEXT, from_="+15550100000")
    assert match([message], [text], taken=()) == {message.message_id: text}


@given(
    st.lists(st.integers(-300, 300), max_size=6),
    st.lists(st.integers(-300, 300), max_size=6),
)
def test_each_text_is_matched_at_most_once_and_none_is_left_that_could_be(called, created):
    messages = [
        replace(MESSAGE, message_id=uuid.UUID(int=place), called_at=NOW + timedelta(seconds=seconds))
        for place, seconds in enumerate(called)
    ]
    texts = [
        replace(TEXT, sid=f"SM{place}", created_at=NOW + timedelta(seconds=seconds))
        for place, seconds in enumerate(created)
    ]
    matched = match(messages, texts, taken=())
    sids = [text.sid for text in matched.values()]
    assert len(sids) == len(set(sids))
    left_messages = [each for each in messages if each.message_id not in matched]
    left_texts = [each for each in texts if each.sid not in sids]
    assert match(left_messages, left_texts, taken=()) == {}


async def listed(since: datetime) -> list[Listed]:
    async with Listing(settings()) as opened:
        return await opened.to(number(1), since=since)


def test_the_list_is_read_page_by_page_and_no_further_than_needed(twilio, now, monkeypatch):
    monkeypatch.setattr(listing, "PAGE_SIZE", 3)
    monkeypatch.setattr(listing, "PAUSE_SECONDS", 0)
    for place in range(7):
        twilio.text(number(1), f"not to this number {place}")
    assert asyncio.run(listed(now - timedelta(minutes=1))) == []
    numbers = twilio.configure()["services"][settings().twilio_messaging_service_sid]

    async def texts_to_us(since: datetime) -> list[Listed]:
        async with Listing(settings()) as opened:
            return await opened.to(numbers[0], since=since)

    found = asyncio.run(texts_to_us(now - timedelta(minutes=1)))
    assert [each.body[-1] for each in found] == ["6", "5", "4", "3", "2", "1", "0"]
    assert {each.direction for each in found} == {"inbound"}
    asked = twilio.stats()["requests"]
    assert asyncio.run(texts_to_us(now + timedelta(minutes=1))) == []
    assert twilio.stats()["requests"] - asked == 2, "one page, and the question itself"
    monkeypatch.setattr(listing, "MOST_PAGES", 2)
    with pytest.raises(CouldNotLook):
        asyncio.run(texts_to_us(now - timedelta(minutes=1)))


def test_a_wrong_token_is_no_empty_list(twilio, now, monkeypatch):
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", "mistyped")
    settings.cache_clear()
    with pytest.raises(CouldNotLook, match="HTTP 401"):
        asyncio.run(listed(now))
