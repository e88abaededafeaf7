"""Announcing later."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from bot.announcements import schedule, service
from bot.announcements.schedule import Impossible, When
from bot.dialogue import moments
from bot.dialogue.flow import IDLE, Answer, Line
from bot.dialogue.patterns import COUNT, NUMBER, TEXT, word
from bot.dialogue.turn import Turn
from bot.i18n import _, moment, moment_in_full
from flows.announce import CHOOSING, CONFIRMING, Announce
from flows.choices import numbered_lines
from flows.preview import urgency

if TYPE_CHECKING:
    from bot.audience.models import Client

LATER = word("SCHEDULE", TEXT)

#: How long the numbers of a list mean what was shown.
LIST_STANDS = timedelta(days=1)


class Schedule(Announce):
    """SCHEDULE, a day, a time and a text: it goes out then, to everybody who follows by then.

    From the preview on it is a draft like any other. SCHEDULE alone lists what is planned.
    """

    #    when they say              while  go to  and
    script = (
        Line(word("SCHEDULE"), IDLE, IDLE, "show_planned"),
        Line(LATER, IDLE, IDLE, "say_suspended", provided="is_suspended"),
        Line(LATER, IDLE, IDLE, "say_how", provided="is_unclear"),
        Line(LATER, IDLE, CHOOSING, "ask_which_client", provided="speaks_for_several"),
        Line(LATER, IDLE, IDLE, "say_why_not", provided="is_impossible"),
        Line(LATER, IDLE, IDLE, "refuse", provided="is_too_long"),
        Line(LATER, IDLE, CONFIRMING, "draft"),
        # Which business's clock counts is known only now.
        Line(NUMBER, CHOOSING, IDLE, "say_suspended", provided="is_suspended"),
        Line(NUMBER, CHOOSING, CHOOSING, "ask_again", provided="is_no_choice"),
        Line(NUMBER, CHOOSING, IDLE, "say_why_not", provided="is_impossible"),
        Line(NUMBER, CHOOSING, IDLE, "refuse", provided="is_too_long"),
        Line(NUMBER, CHOOSING, CONFIRMING, "draft"),
        Line(word("CONFIRM"), CONFIRMING, IDLE, "say_why_not", provided="is_impossible"),
        *(
            line
            for line in Announce.script
            if line.while_in != IDLE and line.says is not NUMBER and line.provided != "is_unheard"
        ),
    )
    answers = (Answer("planned", word("DISCARD", COUNT), "drop_planned"),)

    # What decides

    def is_unclear(self, turn: Turn, said: str) -> bool:
        """Reads what is said; once it is clear, the moment and the text are remembered."""
        found = moments.read(said, [turn.locale, *sorted(turn.word_locales)])
        if found is None or not (found.rest or turn.pictures):
            return True
        turn.memory = {"text": found.rest, "pictures": turn.pictures, "when": asdict(found.when)}
        return False

    def is_impossible(self, turn: Turn, number: str | None = None, **_said: str) -> bool:
        return self._why_not(turn, number) is not None

    # What is done

    def send(self, turn: Turn) -> None:
        client, announcement = self._client(turn), UUID(turn.memory["announcement"])
        assert client is not None
        turn.client = client
        if schedule.stand(turn.session, announcement, turn.contact_point, now=turn.now):
            at = schedule.planned_for(turn.session, announcement)
            turn.reply(
                _("Planned for {moment}. Text SCHEDULE to see or drop what is planned."),
                moment=moment_in_full(at, client.time_zone, turn.locale),
            )
        else:
            turn.reply(self.expired)

    def drop_planned(self, turn: Turn, number: str) -> None:
        shown = [UUID(each) for each in turn.memory["ids"]]
        chosen = shown[int(number) - 1] if 1 <= int(number) <= len(shown) else None
        if chosen is None or not schedule.drop(turn.session, chosen, turn.contact_point, now=turn.now):
            self.show_planned(turn)
            return
        turn.ask("planned", expires_after=LIST_STANDS, ids=turn.memory["ids"])
        turn.reply(_("Done: it will not be sent."))

    # What is said

    def show_planned(self, turn: Turn) -> None:
        planned = schedule.planned(turn.session, [client.id for client in turn.clients])
        if not planned:
            turn.reply(_("Nothing is planned. To plan, text SCHEDULE with a day, a time and your text."))
            return
        clients = {client.id: client for client in turn.clients}
        lines = []
        for each in planned:
            client = clients[each.client_id]
            at = moment_in_full(each.scheduled_for or turn.now, client.time_zone, turn.locale)
            lines.append(f"{client.name}, {at}: {service.beginning(turn.session, each)}")
        turn.ask("planned", expires_after=LIST_STANDS, ids=[str(each.id) for each in planned])
        turn.reply(
            _("Planned:\n{names}\nTo drop one, reply DISCARD and its number."), names=numbered_lines(lines)
        )

    def ask_which_client(self, turn: Turn, **_said: str) -> None:
        self.ask_again(turn)

    def say_how(self, turn: Turn, said: str) -> None:
        turn.reply(_("Text a day, a time and your text, like this: SCHEDULE fri 9am Half-price pizza"))

    def say_why_not(self, turn: Turn, number: str | None = None, **_said: str) -> None:
        client, impossible = self._client(turn, number), self._why_not(turn, number)
        assert client is not None
        assert impossible is not None
        turn.client = client
        if impossible.why == "past":
            turn.reply(
                _("That is past: it is {moment} now. Text SCHEDULE and a later day or time."),
                moment=moment(turn.now, client.time_zone, turn.locale),
            )
        elif impossible.why == "weekday":
            turn.reply(
                _("The weekday doesn't fit: that date is {moment}. Text SCHEDULE again with the right day."),
                moment=moment_in_full(impossible.at, client.time_zone, turn.locale),
            )
        elif impossible.why == "too_far":
            turn.reply(_("That is too far ahead: SCHEDULE takes days of the coming year."))
        else:
            turn.reply(
                _("The clocks go forward then: that time is left out. The next is {moment}."),
                moment=moment_in_full(impossible.at, client.time_zone, turn.locale),
            )

    # How

    def _keep(self, turn: Turn, client: Client) -> UUID:
        at = self._at(turn, client)
        announcement = super()._keep(turn, client)
        schedule.plan(turn.session, announcement, at)
        return announcement

    def _notes(self, turn: Turn, client: Client, announcement: UUID) -> list[str]:
        at = schedule.planned_for(turn.session, announcement)
        goes = turn.say(
            _("It goes out on {moment}, to everybody who follows by then."),
            moment=moment_in_full(at, client.time_zone, turn.locale),
        )
        return [goes, *urgency(turn, client, announcement, at=at)]

    def _why_not(self, turn: Turn, number: str | None) -> Impossible | None:
        client = self._client(turn, number)
        try:
            at = self._at(turn, client) if client else None
        except Impossible as impossible:
            return impossible
        # A draft that waited may be for a moment that has passed meanwhile.
        return Impossible("past", at) if at is not None and at <= turn.now else None

    def _at(self, turn: Turn, client: Client) -> datetime:
        """The moment that was said; of a new wording or text for a draft, the draft's."""
        if "announcement" in turn.memory:
            return schedule.planned_for(turn.session, UUID(turn.memory["announcement"]))
        return schedule.resolve(When(**turn.memory["when"]), client.time_zone, now=turn.now)
