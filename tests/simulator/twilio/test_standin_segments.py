"""What a text is billed as."""

import pytest

from simulator.twilio.segments import segments


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),
        ("€" * 80 + "a", 2),
        ("a" * 152 + "^" + "a" * 152, 3),
        ("a" * 151 + "^" + "a" * 153, 2),
        ("^" * 152, 2),
        ("^" * 153, 3),
        ("èéùìòÇØøÅåÆæßÉÄÖÑÜäöñüà" + "a" * 137, 1),
        ("á" + "a" * 69, 1),
        ("á" + "a" * 70, 2),
        ("é" * 160, 1),
        ("ç" * 70, 1),
        ("ç" * 71, 2),
        ("披萨" * 35, 1),
        ("披" * 134, 2),
        ("披" * 135, 3),
        ("🍕" * 35, 1),
        ("🍕" * 36, 2),
        ("🍕" * 66, 2),
        ("🍕" * 67, 3),
        ("披" * 66 + "🍕" + "披" * 66, 3),
        ("披" * 65 + "🍕" + "披" * 67, 2),
        ("\x00" + "a" * 69, 1),
        ("\n" * 160, 1),
        ("\f" * 80, 1),
    ],
)
def test_a_text_takes_the_segments_that_twilio_bills(text: str, expected: int) -> None:
    assert segments(text) == expected
