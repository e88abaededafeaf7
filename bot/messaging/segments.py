"""Segments: how a text is encoded and in how many pieces it is billed.

GSM-7 is 3GPP TS 23.038; the sizes are 3GPP TS 23.040's: 160 septets alone and 153 chained, or 70 UTF-16 units
alone and 67 chained. A piece never ends between an escape and its character, nor inside a surrogate pair.
"""

from __future__ import annotations

from dataclasses import dataclass

GSM7_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM7_EXTENDED = frozenset("^{}\\[~]|€\f")

#: Twilio takes no longer text (error 21617).
LONGEST_TEXT = 1600


@dataclass(frozen=True)
class Measure:
    """A text's encoding (``GSM-7`` or ``UCS-2``), its billed pieces, and its length as Twilio counts it."""

    encoding: str
    segments: int
    length: int


def measure(text: str) -> Measure:
    """Measure a text. The empty text is one segment, as Twilio bills it.

    ``length`` is in UTF-16 units for both encodings: an emoji counts two.
    """
    length = len(text) + sum(ord(character) > 0xFFFF for character in text)
    if all(character in GSM7_BASIC or character in GSM7_EXTENDED for character in text):
        sizes = [2 if character in GSM7_EXTENDED else 1 for character in text]
        return Measure("GSM-7", _pieces(sizes, alone=160, chained=153), length)
    sizes = [2 if ord(character) > 0xFFFF else 1 for character in text]
    return Measure("UCS-2", _pieces(sizes, alone=70, chained=67), length)


def _pieces(sizes: list[int], *, alone: int, chained: int) -> int:
    if sum(sizes) <= alone:
        return 1
    pieces, room = 1, chained
    for size in sizes:
        if size > room:
            pieces, room = pieces + 1, chained
        room -= size
    return pieces
