"""What can be texted: the list, and the words that are kept for what is still to come."""

from __future__ import annotations

from bot.dialogue.flow import IDLE, Flow, Line, Role
from bot.dialogue.patterns import REFERENCE, english_word, word
from bot.dialogue.turn import Turn
from bot.i18n import _

#: Reserved until payments, orders and plans are there: answered, never announced.
RESERVED = ("PAY BUY CART ORDER REORDER REFUND RETURN TRACK RECEIPT MENU ADDRESS SIGNUP PLAN").split()


class Commands(Flow):
    """COMMANDS says what can be texted; a word that means nothing yet says so."""

    role = Role.ANYONE
    #    when they say              while  go to  and
    script = (
        Line(word("COMMANDS"), IDLE, IDLE, "for_members", provided="is_member"),
        Line(word("COMMANDS"), IDLE, IDLE, "for_everybody"),
        *(Line(english_word(reserved), IDLE, IDLE, "not_yet") for reserved in RESERVED),
        *(Line(english_word(reserved, REFERENCE), IDLE, IDLE, "not_yet") for reserved in RESERVED),
    )

    def is_member(self, turn: Turn) -> bool:
        return bool(turn.clients)

    def for_members(self, turn: Turn) -> None:
        turn.reply(
            _(
                "Text your announcement, then CONFIRM or DISCARD. SCHEDULE: later. PAUSE: stop sending. "
                "STATUS: how it goes. SUBSCRIBERS: how many. LINK: how people join. WELCOME, ANSWERS: what "
                "goes out by itself. LANG: language. JOIN, LEAVE, STOP, HELP."
            )
        )

    def for_everybody(self, turn: Turn) -> None:
        turn.reply(
            _(
                "JOIN and a name: follow a business. LEAVE: whom you follow, and leave one. LANG: language. "
                "STOP: end all texts. HELP: help."
            )
        )

    def not_yet(self, turn: Turn, said: str = "") -> None:
        turn.reply(_("We can't do that by text yet. Text COMMANDS to see what we can do."))
