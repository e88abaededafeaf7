"""What new subscribers receive, as their client sets it."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from bot.automation import series
from bot.automation.personal import NAME
from bot.dialogue.flow import IDLE, Answer, Flow, Line, Role
from bot.dialogue.patterns import NUMBER, OFF, Rest, is_said, setting, word
from bot.dialogue.turn import Turn
from bot.i18n import _, duration, first_word, fold, language_name, locale_named, n_
from flows.choices import do_for_chosen, do_for_one
from flows.language import code_of
from flows.preview import say_too_long

if TYPE_CHECKING:
    from bot.audience.models import Client
    from bot.automation.series import Step

#: How people write "3 days" behind a number without a space, in our languages.
UNITS = {
    fold(written): length
    for length, names in (
        (timedelta(minutes=1), "m min 分钟 دقيقة دقائق"),
        (timedelta(hours=1), "h 小时 ساعة ساعات"),
        (timedelta(days=1), "d j 天 日 يوم أيام"),
    )
    for written in names.split()
}


def delay_meant(said: str) -> timedelta | None:
    """The length of time that ``3d``, ``12h`` or ``3天`` means; None if it means none."""
    found = re.fullmatch(r"(\d{1,4})(\D{1,6})", fold(said))
    unit = UNITS.get(found[2]) if found else None
    return int(found[1]) * unit if found and unit else None


def step_meant(said: str) -> dict[str, Any] | None:
    """Which step ``2 3d ES`` means: position, delay and locale, each as far as it is said; None if none."""
    meant: dict[str, Any] = {}
    for token in said.split():
        delay, locale = delay_meant(token), locale_named(token)
        if re.fullmatch(r"\d{1,2}", token) and "position" not in meant:
            meant["position"] = int(token)
        elif delay is not None and "delay" not in meant:
            meant["delay"] = delay
        elif locale is not None and "locale" not in meant:
            meant["locale"] = locale
        else:
            return None
    return meant


def _ends(said: str) -> bool:
    """``OFF``, or ``2 OFF``."""
    *position, off = said.split() or [""]
    return is_said(OFF, off) and (not position or (len(position) == 1 and position[0].isdecimal()))


class Series(Flow):
    """WELCOME: Hi {name}! … From then on, new subscribers receive it; WELCOME shows what they do."""

    role = Role.MEMBER
    #    when they say                                                while  go to  and
    script = (
        Line(word("WELCOME"), IDLE, IDLE, "show_all"),
        Line(setting("WELCOME", lambda said: step_meant(said) is not None), IDLE, IDLE, "set_step"),
        Line(word("WELCOME", Rest("ended", _ends)), IDLE, IDLE, "end"),
    )
    answers = (Answer("for_whom", NUMBER, "do_for"),)

    # What is done

    def set_step(self, turn: Turn, meant: str, text: str) -> None:
        do_for_one(turn, self._do_for, meant=meant, text=text)

    def end(self, turn: Turn, ended: str) -> None:
        do_for_one(turn, self._do_for, ended=ended)

    def do_for(self, turn: Turn, number: str) -> None:
        """Do it for the client that was chosen from the list."""
        do_for_chosen(turn, number, self._do_for)

    def show_all(self, turn: Turn) -> None:
        for client in turn.clients:
            turn.client = client
            self._say_all(turn, client)

    def _do_for(
        self, turn: Turn, client: Client, *, meant: str = "", text: str = "", ended: str = ""
    ) -> None:
        turn.client = client
        try:
            if ended:
                self._end(turn, client, ended)
            elif text:
                step = series.set_step(turn.session, client, text, now=turn.now, **(step_meant(meant) or {}))
                self._say_step(turn, client, step)
            else:
                self._say_all(turn, client)
        except series.NoSuchStep as error:
            turn.reply(
                _("The next step is {number}. Text WELCOME {number} 3d: and what they get after three days."),
                number=error.next,
            )
        except series.TooManySteps:
            turn.reply(_("{count} steps are the most."), count=series.MOST_STEPS)
        except series.TooLate:
            turn.reply(
                _("Within {duration} of joining, please."), duration=duration(series.LATEST, turn.locale)
            )
        except series.WelcomeTooLong:
            say_too_long(turn, series.too_long_by(client, text))

    def _end(self, turn: Turn, client: Client, ended: str) -> None:
        position = ended.split(maxsplit=1)[0]
        if position.isdecimal():
            series.end_step(turn.session, client, int(position), now=turn.now)
        else:
            series.end_series(turn.session, client, now=turn.now)
        turn.reply(_("Done: {client} does not send that to new subscribers any more."), client=client.name)

    # What is said

    def _say_step(self, turn: Turn, client: Client, step: Step) -> None:
        said = self._read_back(turn, step)
        there = series.listed(turn.session, client)[step.position - 1].wordings
        missing = [each for each in turn.subscribers_of(client) if each not in there]
        if missing:
            position = f" {step.position}" if step.position > 1 else ""
            said.append(
                turn.say(
                    _("To word it in {language} too, text {code}: and the words."),
                    language=language_name(missing[0], turn.locale),
                    code=f"{first_word('WELCOME', turn.locale)}{position} {code_of(missing[0])}",
                )
            )
        turn.reply_verbatim("\n\n".join(said))

    def _say_all(self, turn: Turn, client: Client) -> None:
        steps = series.listed(turn.session, client)
        if not steps:
            turn.reply(
                _(
                    "{client} sends new subscribers nothing of its own yet. Text WELCOME, a colon and the "
                    "words; {name} becomes their name."
                ),
                client=client.name,
                name=NAME,
            )
            return
        said = [line for step in steps for line in self._read_back(turn, step)]
        said.append(
            turn.say(
                _(
                    "Text WELCOME 1: and other words to change it, WELCOME {number} 3d: to add one after "
                    "three days, WELCOME OFF to end all."
                ),
                number=len(steps) + 1,
            )
        )
        turn.reply_verbatim("\n\n".join(said))

    def _read_back(self, turn: Turn, step: Step) -> list[str]:
        """The step as new subscribers read it, with what each costs."""
        when = (
            turn.say(_("after {duration}"), duration=duration(step.delay, turn.locale))
            if step.delay
            else turn.say(_("at once"))
        )
        return [
            turn.say(
                n_(
                    "{number}. New subscribers get {when} ({count} segment):\n{text}",
                    "{number}. New subscribers get {when} ({count} segments):\n{text}",
                ),
                number=step.position,
                when=when,
                count=wording.segments,
                text=wording.text,
            )
            for wording in step.wordings.values()
        ]
