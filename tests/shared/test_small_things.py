"""Cards, phone numbers, ids."""

from __future__ import annotations

import time
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import cards, phones
from bot.ids import idempotency_key, uuid7


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("4242 4242 4242 4242", "************4242"),
        ("pay with 4242-4242-4242-4242, exp 12/30", "pay with ************4242, exp 12/30"),
        ("378282246310005", "***********0005"),
        ("6011111111111117 or 5555555555554444", "************1117 or ************4444"),
        ("2223003122003222", "************3222"),
    ],
)
def test_card_numbers_are_masked_to_their_last_four(said, kept):
    assert cards.mask(said) == kept


@pytest.mark.parametrize(
    "said",
    [
        "4242 4242 4242 4241",  # no card: the check digit is wrong
        "order 1234567890123",
        "call +1 555 010 0001 or 555-010-0002",
        "1" * 16,
        "track 1Z9999999999999999",
        "8 to 9, 10 to 11",
        "",
    ],
)
def test_other_numbers_stay_as_they_are(said):
    assert cards.mask(said) == said


@given(st.text())
def test_masking_never_fails_and_masks_nothing_twice(said):
    assert cards.mask(cards.mask(said)) == cards.mask(said)


@pytest.mark.parametrize(
    ("typed", "region", "number"),
    [
        ("+1 555 010 0001", None, "+15550100001"),
        ("+1 (555) 010-0001", None, "+15550100001"),
        ("(212) 555-0100", "US", "+12125550100"),
        ("+52 55 1234 5678", None, "+525512345678"),
        ("+٤٩ ٣٠ ١٢٣٤٥٦", None, "+4930123456"),
    ],
)
def test_a_number_is_read_as_e164(typed, region, number):
    assert phones.parse(typed, region) == number


@pytest.mark.parametrize("typed", ["", "pizza", "555 010 0001", "+1 555", "+1" + "5" * 20])
def test_what_is_no_number_is_refused_with_advice(typed):
    with pytest.raises(phones.InvalidNumber, match="country code"):
        phones.parse(typed)


def test_a_number_is_shown_as_people_write_it():
    assert phones.display("+15550100001") == "+1 555-010-0001"


def test_later_ids_sort_later():
    made = []
    for _ in range(5):
        made.append(uuid7())
        until = time.time_ns() // 1_000_000 + 1
        while time.time_ns() // 1_000_000 < until:  # the next millisecond
            pass
    assert made == sorted(made)
    assert {each.version for each in made} == {7}
    assert {each.variant for each in made} == {uuid.RFC_4122}
    assert made[0].int >> 80 == pytest.approx(time.time() * 1000, abs=60_000)


def test_ids_made_in_one_millisecond_differ():
    assert len({uuid7() for _ in range(10_000)}) == 10_000


def test_the_same_parts_are_the_same_effect_for_good():
    source = uuid.UUID(int=1)
    assert idempotency_key("announcement", source, 3) == idempotency_key("announcement", source, 3)
    assert idempotency_key("announcement", source, 3) != idempotency_key("announcement", source, 4)
    # Stored keys must mean the same after every upgrade.
    assert str(idempotency_key("a", 1)) == "9ef12b2e-7605-2ea0-1bf3-94a79518fe90"
