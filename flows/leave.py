"""Leaving one business and staying with the others."""

from __future__ import annotations

from datetime import timedelta

from bot.audience import service as audience
from bot.dialogue.flow import IDLE, Answer, Flow, Line, Role
from bot.dialogue.patterns import COUNT, NUMBER, word
from bot.dialogue.turn import Turn
from bot.i18n import _


class Leave(Flow):
    """LEAVE lists whom somebody follows, numbered; LEAVE 2, or just 2 after the list, leaves one."""

    role = Role.ANYONE
    #    when they say              while  go to  and
    script = (
        Line(word("LEAVE"), IDLE, IDLE, "show_list"),
        Line(word("LEAVE", COUNT), IDLE, IDLE, "leave"),
    )
    answers = (
        Answer("which", word("LEAVE", COUNT), "leave"),
        Answer("which", NUMBER, "leave"),
    )

    def show_list(self, turn: Turn) -> None:
        if not turn.followed:
            turn.reply(_("You follow no business. To follow one, text JOIN and its name."))
            return
        # The numbers mean the list as it was shown, even when it has changed since.
        turn.ask("which", expires_after=timedelta(hours=1), slugs=[client.slug for client in turn.followed])
        names = "\n".join(f"{place}. {client.name}" for place, client in enumerate(turn.followed, 1))
        turn.reply(
            _("You follow:\n{names}\nReply LEAVE and a number to leave one, or STOP to end all."), names=names
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
        audience.unfollow(turn.session, turn.contact_point, client, turn.evidence)
        turn.client = client
        turn.reply(_("Done: you get no more texts from {client}."), client=client.name)
