"""Segments as they are billed, also held against the stand-in's own count."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.messaging.segments import GSM7_BASIC, GSM7_EXTENDED, measure
from simulator.twilio import segments as independent

PIZZA = "\N{SLICE OF PIZZA}"


@pytest.mark.parametrize(
    ("text", "encoding", "pieces"),
    [
        ("", "GSM-7", 1),
        ("a", "GSM-7", 1),
        ("a" * 160, "GSM-7", 1),
        ("a" * 161, "GSM-7", 2),
        ("a" * 306, "GSM-7", 2),
        ("a" * 307, "GSM-7", 3),
        ("a" * 1600, "GSM-7", 11),
        ("è ù ì ò ñ ü ö ä à Ç", "GSM-7", 1),
        ("€" * 80, "GSM-7", 1),
        ("€" * 80 + "a", "GSM-7", 2),
        # An extension character is never split: the first piece stays one septet short.
        ("a" * 152 + "^" + "a" * 152, "GSM-7", 3),
        ("a" * 151 + "^" + "a" * 153, "GSM-7", 2),
        ("€" * 152, "GSM-7", 2),
        ("€" * 153, "GSM-7", 3),
        ("á" * 70, "UCS-2", 1),
        ("á" * 71, "UCS-2", 2),
        ("á" * 134, "UCS-2", 2),
        ("á" * 135, "UCS-2", 3),
        ("披萨" * 35, "UCS-2", 1),
        ("نصف السعر", "UCS-2", 1),
        (PIZZA * 35, "UCS-2", 1),
        (PIZZA * 36, "UCS-2", 2),
        # Nor is a surrogate pair: 33 pizzas fit into 67 units, not 33 and a half.
        (PIZZA * 66, "UCS-2", 2),
        (PIZZA * 67, "UCS-2", 3),
        ("á" * 66 + PIZZA + "á" * 66, "UCS-2", 3),
        ("a" * 159 + "á", "UCS-2", 3),
    ],
)
def test_a_text_is_measured_as_it_is_billed(text, encoding, pieces):
    size = measure(text)
    assert (size.encoding, size.segments) == (encoding, pieces)


def test_length_counts_an_emoji_as_two():
    assert measure(f"hi {PIZZA}").length == 5
    assert measure("€").length == 1


texts = st.text(
    st.sampled_from(sorted(GSM7_BASIC | GSM7_EXTENDED | {"á", "披", PIZZA})), max_size=700
) | st.text(max_size=300)
gsm7_around_the_boundary = st.builds(
    lambda before, middle, after: "a" * before + middle + "a" * after,
    st.integers(140, 160),
    st.text(st.sampled_from("^€a"), max_size=20),
    st.integers(0, 160),
)


@given(texts | gsm7_around_the_boundary)
def test_the_stand_in_counts_the_same(text):
    size = measure(text)
    assert size.segments == independent.segments(text)
