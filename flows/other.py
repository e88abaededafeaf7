"""Texts that are no word of ours, from people who don't speak for a client."""

from __future__ import annotations

from bot.automation import answers
from bot.dialogue import inbox
from bot.dialogue.flow import IDLE, Answer, Flow, Line, Role
from bot.dialogue.patterns import ANYTHING, NUMBER
from bot.dialogue.turn import Turn
from bot.i18n import _
from flows.answers import reply_to_keyword
from flows.choices import ask_for_whom, chosen


class Keep(Flow):
    """A keyword of a client that the writer follows is answered; what else they say is kept for it.

    Of several clients, they say for which it is.
    """

    role = Role.SUBSCRIBER
    #    when they say              while  go to  and
    script = (
        Line(ANYTHING, IDLE, IDLE, "answer", provided="is_keyword"),
        Line(ANYTHING, IDLE, IDLE, "ask_for_whom", provided="follows_several"),
        Line(ANYTHING, IDLE, IDLE, "keep"),
    )
    answers = (Answer("for_whom", NUMBER, "keep_for"),)

    def is_keyword(self, turn: Turn) -> bool:
        return bool(answers.answers_to(turn.session, turn.followed, turn.body))

    def follows_several(self, turn: Turn) -> bool:
        return len(turn.followed) > 1

    def answer(self, turn: Turn) -> None:
        reply_to_keyword(turn, turn.followed, count=True)

    def keep(self, turn: Turn) -> None:
        turn.client = turn.followed[0]
        self._thank(turn)

    def ask_for_whom(self, turn: Turn) -> None:
        ask_for_whom(turn, turn.followed, text=turn.provider_id)

    def keep_for(self, turn: Turn, number: str) -> None:
        turn.client = chosen(turn, turn.followed, number)
        if turn.client is None:
            ask_for_whom(turn, turn.followed, text=turn.memory["text"])
            return
        inbox.keep_for(turn.session, turn.memory["text"], turn.client.id)
        self._thank(turn)

    def _thank(self, turn: Turn) -> None:
        assert turn.client is not None
        turn.reply(_("Thanks! We keep your text for {client}."), client=turn.client.name)


class Welcome(Flow):
    """A stranger hears in one text what this is and how to join."""

    role = Role.ANYONE
    #    when they say              while  go to  and
    script = (Line(ANYTHING, IDLE, IDLE, "welcome"),)

    def welcome(self, turn: Turn) -> None:
        turn.reply(
            _(
                "Hi! Businesses text their announcements from this number. "
                "To follow one, text JOIN and its name."
            )
        )
