"""How many segments a text is billed as. Counted here on its own, as a check on the app's counter.

A text that fits GSM 03.38 has 160 septets in one segment and 153 in each of several; any other text is
UCS-2, with 70 and 67 units. https://www.twilio.com/docs/glossary/what-is-gsm-7-character-encoding
"""

from __future__ import annotations

from typing import Final

_BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED: Final = frozenset("\f^{}\\[~]|€")
_GSM: Final = _BASIC | _EXTENDED


def segments(text: str) -> int:
    """The number of segments that Twilio bills for `text`; an empty one still takes one.

    An extension character (an escape and a septet) and a surrogate pair are never split between two
    segments, so a segment may end one unit early.
    """
    if _GSM.issuperset(text):
        if len(text) <= 160 and _BASIC.issuperset(text):
            return 1
        return _pack([2 if character in _EXTENDED else 1 for character in text], single=160, each=153)
    return _pack([2 if character > "\uffff" else 1 for character in text], single=70, each=67)


def _pack(widths: list[int], *, single: int, each: int) -> int:
    if sum(widths) <= single:
        return 1
    count, room = 1, each
    for width in widths:
        if width > room:
            count, room = count + 1, each
        room -= width
    return count
