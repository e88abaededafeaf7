"""Who has stopped which sender, and what Twilio itself answers.

By default Twilio acts on a few English words before the app sees the text, answers them itself, and
forwards the text all the same. The words: https://www.twilio.com/docs/messaging/tutorials/advanced-opt-out

Where Twilio's pages are silent, this stand-in assumes: START, YES and UNSTOP are answered only when they
lift a block, a second STOP is not answered, and neither is HELP from a phone that is blocked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Mode = Literal["default", "advanced", "off"]
"""`default`: Twilio answers and blocks. `advanced`: so too, and the webhook carries OptOutType.
`off`: Twilio does neither (its support has switched it off), so the app answers."""

Kind = Literal["STOP", "START", "HELP"]

MODES: Final[tuple[Mode, ...]] = ("default", "advanced", "off")

_WORDS: Final[dict[str, Kind]] = {
    "STOP": "STOP",
    "UNSUBSCRIBE": "STOP",
    "END": "STOP",
    "QUIT": "STOP",
    "STOPALL": "STOP",
    "REVOKE": "STOP",
    "OPTOUT": "STOP",
    "CANCEL": "STOP",
    "START": "START",
    "YES": "START",
    "UNSTOP": "START",
    "HELP": "HELP",
    "INFO": "HELP",
}

_ANSWERS: Final[dict[Kind, str]] = {
    "STOP": "You have successfully been unsubscribed. You will not receive any more messages from this "
    "number. Reply START to resubscribe.",
    "START": "You have successfully been re-subscribed to messages from this number. Reply HELP for help. "
    "Reply STOP to unsubscribe. Msg&Data Rates May Apply.",
    "HELP": "Reply STOP to unsubscribe. Msg&Data Rates May Apply.",
}


@dataclass(frozen=True, slots=True)
class Heard:
    """What Twilio made of a text: the kind of word it was, and Twilio's own answer if it gives one."""

    kind: Kind | None = None
    answer: str | None = None


class OptOuts:
    """The block list: pairs of a scope (a Messaging Service, or a number outside one) and a phone."""

    def __init__(self) -> None:
        self._blocked: set[tuple[str, str]] = set()

    def blocks(self, scope: str, number: str) -> bool:
        """Whether texts from `scope` to `number` are refused with 21610."""
        return (scope, number) in self._blocked

    def hear(self, scope: str, number: str, body: str, mode: Mode) -> Heard:
        """Act on a text from `number`: a word counts only as the whole body, in any case."""
        kind = None if mode == "off" else _WORDS.get(body.strip().upper())
        if kind is None:
            return Heard()
        pair = (scope, number)
        was_blocked = pair in self._blocked
        if kind == "STOP":
            self._blocked.add(pair)
        elif kind == "START":
            self._blocked.discard(pair)
        answers = was_blocked if kind == "START" else not was_blocked
        return Heard(kind, _ANSWERS[kind] if answers else None)

    def pairs(self) -> list[tuple[str, str]]:
        """Every block, as (scope, number), in order."""
        return sorted(self._blocked)

    def clear(self) -> None:
        """Forget every block."""
        self._blocked.clear()
