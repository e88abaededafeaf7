"""Leaving one business and staying with the others."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from bot.audience import service as audience
from bot.audience.slugs import slugify
from bot.dialogue.flow import IDLE, Answer, Flow, Line, Role
from bot.dialogue.patterns import COUNT, NUMBER, PHRASE, word
from bot.dialogue.turn import Turn
from bot.i18n import _
from flows.choices import numbered

if TYPE_CHECKING:
    from bot.audience.models import Client


class Leave(Flow):
    """LEAVE lists whom somebody follows, numbered; LEAVE 2, or just 2 after the list, leaves one.

    So does LEAVE and the business's name.
    """

    role = Role.ANYONE
    #    when they say              while  go to  and
    script = (
        Line(word("LEAVE"), IDLE, IDLE, "show_list"),
        Line(word("LEAVE", COUNT), IDLE, IDLE, "leave"),
        Line(word("LEAVE", PHRASE), IDLE, IDLE, "show_list", provided="is_unknown"),
        Line(word("LEAVE", PHRASE), IDLE, IDLE, "leave_named"),
    )
    answers = (
        Answer("which", word("LEAVE", COUNT), "leave"),
        Answer("which", NUMBER, "leave"),
    )

    def is_unknown(self, turn: Turn, said: str) -> bool:
        return all(client.slug != slugify(said) for client in turn.followed)

    def show_list(self, turn: Turn, said: str = "") -> None:
        if not turn.followed:
            turn.reply(_("You follow no business. To follow one, text JOIN and its name."))
            return
        self._ask_which(turn, [client.slug for client in turn.followed])
        turn.reply(
            _("You follow:\n{names}\nReply LEAVE and a number to leave one, or STOP to end all."),
            names=numbered(turn.followed),
        )

    def leave(self, turn: Turn, number: str) -> None:
        slugs = turn.memory.get("slugs") or [client.slug for client in turn.followed]
        place = int(number)
        if not 1 <= place <= len(slugs):
            self.show_list(turn)
            return
        client = next((client for client in turn.followed if client.slug == slugs[place - 1]), None)
        if client is None:
            turn.reload_clients()
            self.show_list(turn)
            return
        if "slugs" in turn.memory:
            self._ask_which(turn, slugs)
        self._unfollow(turn, client)

    def leave_named(self, turn: Turn, said: str) -> None:
        self._unfollow(turn, next(client for client in turn.followed if client.slug == slugify(said)))

    def _unfollow(self, turn: Turn, client: Client) -> None:
        audience.unfollow(turn.session, turn.contact_point, client, turn.evidence)
        turn.client = client
        turn.reply(_("Done: you get no more texts from {client}."), client=client.name)

    def _ask_which(self, turn: Turn, slugs: list[str]) -> None:
        """The numbers mean the list as it was shown, for as long as it stands on the person's screen."""
        turn.ask("which", expires_after=timedelta(hours=1), slugs=slugs)
