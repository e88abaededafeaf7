"""Holding back an announcement that is being sent."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from bot.announcements import pause as announcements
from bot.announcements import queries, service
from bot.dialogue.flow import IDLE, Answer, Flow, Line, Role
from bot.dialogue.patterns import COUNT, NUMBER, word
from bot.dialogue.turn import Turn
from bot.i18n import _
from flows.choices import numbered_lines
from flows.preview import say_nothing_waits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.announcements.models import Announcement

#: How long the numbers of a list mean what was shown.
LIST_STANDS = timedelta(days=1)


class Pause(Flow):
    """PAUSE stops what is being sent; RESUME goes on with it, DISCARD drops the rest.

    PAUSE never asks which: everything of the person's clients stops, and only then is there time to choose.
    """

    role = Role.MEMBER
    #    when they say              while  go to  and
    script = (
        Line(word("PAUSE"), IDLE, IDLE, "pause"),
        Line(word("RESUME"), IDLE, IDLE, "say_not_paused", provided="is_nothing_paused"),
        Line(word("RESUME"), IDLE, IDLE, "ask_which_to_resume", provided="are_several_paused"),
        Line(word("RESUME"), IDLE, IDLE, "resume"),
        Line(word("RESUME", COUNT), IDLE, IDLE, "resume"),
        Line(word("DISCARD"), IDLE, IDLE, "say_nothing_waits", provided="is_nothing_paused"),
        Line(word("DISCARD"), IDLE, IDLE, "ask_which_to_drop", provided="are_several_paused"),
        Line(word("DISCARD"), IDLE, IDLE, "drop"),
        Line(word("DISCARD", COUNT), IDLE, IDLE, "drop"),
    )
    answers = (
        # PAUSE came after a draft was shown, so DISCARD means what is paused.
        Answer("resume_or_drop", word("RESUME"), "resume"),
        Answer("resume_or_drop", word("DISCARD"), "drop"),
        Answer("which_to_what", word("RESUME", COUNT), "resume"),
        Answer("which_to_what", word("DISCARD", COUNT), "drop"),
        Answer("which_to_what", word("RESUME"), "resume"),
        Answer("which_to_what", word("DISCARD"), "drop"),
        Answer("which_to_what", NUMBER, "show_list"),
        Answer("which_to_resume", NUMBER, "resume"),
        Answer("which_to_drop", NUMBER, "drop"),
    )

    # What decides

    def is_nothing_paused(self, turn: Turn) -> bool:
        return not self._paused(turn)

    def are_several_paused(self, turn: Turn) -> bool:
        return len(self._paused(turn)) > 1

    # What is done

    def pause(self, turn: Turn) -> None:
        clients = [client.id for client in turn.clients]
        announcements.pause(turn.session, clients, turn.contact_point, now=turn.now)
        self.show_list(turn)

    def resume(self, turn: Turn, number: str | None = None) -> None:
        announcement = self._chosen(turn, number)
        if announcement is None:
            self._say_or_ask(turn, "which_to_resume")
            return
        announcements.resume(turn.session, announcement, turn.contact_point, now=turn.now)
        self._keep_list(turn)
        turn.reply(_("{client}: it goes on."), client=self._client_name(turn, announcement))

    def drop(self, turn: Turn, number: str | None = None) -> None:
        announcement = self._chosen(turn, number)
        if announcement is None:
            self._say_or_ask(turn, "which_to_drop")
            return
        announcements.drop(turn.session, announcement, turn.contact_point, now=turn.now)
        self._keep_list(turn)
        turn.reply(
            _("{client}: the rest is dropped. You get a report."),
            client=self._client_name(turn, announcement),
        )

    # What is said

    def show_list(self, turn: Turn, number: str | None = None) -> None:
        paused = self._paused(turn)
        if not paused:
            turn.reply(_("Nothing is being sent at the moment."))
        elif len(paused) == 1:
            self._ask(turn, "resume_or_drop", paused)
            turn.reply(
                _("{client}: paused. Reply RESUME to go on, or DISCARD to drop the rest."),
                client=self._client_name(turn, paused[0]),
            )
        else:
            self._ask(turn, "which_to_what", paused)
            turn.reply(
                _("Paused:\n{names}\nReply RESUME or DISCARD and a number."),
                names=self._names(turn, paused),
            )

    def say_not_paused(self, turn: Turn) -> None:
        turn.reply(_("Nothing is paused."))

    def say_nothing_waits(self, turn: Turn) -> None:
        say_nothing_waits(turn)

    def ask_which_to_resume(self, turn: Turn) -> None:
        self._say_or_ask(turn, "which_to_resume")

    def ask_which_to_drop(self, turn: Turn) -> None:
        self._say_or_ask(turn, "which_to_drop")

    def _say_or_ask(self, turn: Turn, question: str) -> None:
        paused = self._paused(turn)
        if not paused:
            self.say_not_paused(turn)
            return
        self._ask(turn, question, paused)
        turn.reply(_("Which one? Reply with its number.\n{names}"), names=self._names(turn, paused))

    def _keep_list(self, turn: Turn) -> None:
        """The numbers mean the list as it was shown, for as long as it stands on the person's screen."""
        if len(turn.memory.get("ids", [])) > 1:
            turn.ask("which_to_what", expires_after=LIST_STANDS, ids=turn.memory["ids"])

    def _ask(self, turn: Turn, question: str, paused: Sequence[Announcement]) -> None:
        turn.ask(question, expires_after=LIST_STANDS, ids=[str(each.id) for each in paused])

    def _chosen(self, turn: Turn, number: str | None) -> Announcement | None:
        """The paused one that a number means on the list as it was shown, or the only one."""
        paused = {each.id: each for each in self._paused(turn)}
        if number is None:
            return next(iter(paused.values())) if len(paused) == 1 else None
        shown = [UUID(each) for each in turn.memory.get("ids", [])] or list(paused)
        return paused.get(shown[int(number) - 1]) if 1 <= int(number) <= len(shown) else None

    def _paused(self, turn: Turn) -> list[Announcement]:
        return queries.paused(turn.session, [client.id for client in turn.clients])

    def _client_name(self, turn: Turn, announcement: Announcement) -> str:
        turn.client = next(each for each in turn.clients if each.id == announcement.client_id)
        return turn.client.name

    def _names(self, turn: Turn, paused: Sequence[Announcement]) -> str:
        names = {client.id: client.name for client in turn.clients}
        return numbered_lines(
            f"{names[each.client_id]}: {service.beginning(turn.session, each)}" for each in paused
        )
