"""The carrier's words: they come before any dialogue, in any state.

Twilio acts on them before we see the text (docs/messaging/tutorials/advanced-opt-out). 47 CFR 64.1200(a)(10)
names stop, quit, end, revoke, opt out, cancel and unsubscribe.
"""

from __future__ import annotations

import re
import unicodedata
from enum import Enum


class CarrierWord(Enum):
    """What a carrier's word asks for; the values are Twilio's ``OptOutType``."""

    STOP = "STOP"
    START = "START"
    HELP = "HELP"


WORDS: dict[str, CarrierWord] = {
    **dict.fromkeys(
        ["stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout"], CarrierWord.STOP
    ),
    **dict.fromkeys(["start", "unstop", "yes"], CarrierWord.START),
    **dict.fromkeys(["help", "info"], CarrierWord.HELP),
}


def meant(body: str, opt_out_type: str | None) -> CarrierWord | None:
    """What a text means as a carrier's word: the whole of it, whatever its case, spaces and punctuation.

    Twilio's own finding (``OptOutType``) holds too: its customers may have added words of their own.
    """
    if opt_out_type is not None and opt_out_type in CarrierWord.__members__:
        return CarrierWord[opt_out_type]
    plain = unicodedata.normalize("NFKC", body).casefold()
    return WORDS.get(re.sub(r"[\W_]+", "", plain))


def acted_on_by_carrier(body: str, opt_out_type: str | None) -> bool:
    """Whether Twilio has acted on the text itself: it looks for the bare word only, in any case."""
    return opt_out_type in CarrierWord.__members__ or body.strip().casefold() in WORDS
