"""Texts that are no word of ours, from people who don't speak for a client."""

from __future__ import annotations

from datetime import timedelta

from bot.automation import answers
from bot.dialogue import inbox
from bot.dialogue.flow import IDLE, Answer, Flow, Line, Role
from bot.dialogue.patterns import ANYTHING, NUMBER
from bot.dialogue.turn import Turn
from bot.i18n import _
from flows.answers import reply_to_keyword
from flows.choices import numbered


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
        self._ask(turn, turn.provider_id)

    def keep_for(self, turn: Turn, number: str) -> None:
        slugs = turn.memory["slugs"]
        chosen = slugs[int(number) - 1] if 1 <= int(number) <= len(slugs) else None
        turn.client = next((client for client in turn.followed if client.slug == chosen), None)
        if turn.client is None:
            self._ask(turn, turn.memory["text"])
            return
        inbox.keep_for(turn.session, turn.memory["text"], turn.client.id)
        self._thank(turn)

    def _ask(self, turn: Turn, provider_id: str) -> None:
        turn.ask(
            "for_whom",
            expires_after=timedelta(hours=12),
            slugs=[client.slug for client in turn.followed],
            text=provider_id,
        )
        turn.reply(
            _("For which business is this? Reply with its number.\n{names}"), names=numbered(turn.followed)
        )

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
