"""Words that subscribers may text for an answer, as their client sets them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.automation import answers
from bot.dialogue.flow import IDLE, Answer, Flow, Line, Role
from bot.dialogue.patterns import NUMBER, OFF, Rest, is_said, setting, word
from bot.dialogue.turn import Turn
from bot.i18n import _, first_word, language_name, listed, locale_named, n_, number
from flows.choices import do_for_chosen, do_for_one
from flows.language import code_of
from flows.preview import say_too_long

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.audience.models import Client
    from bot.automation.answers import Wording


def _is_keyword(text: str) -> bool:
    """``HOURS``, or ``HOURS ES`` where the answer is in another language."""
    keyword, *code = text.split() or [""]
    return keyword != "" and (not code or (len(code) == 1 and locale_named(code[0]) is not None))


def _is_capitals_and_text(text: str) -> bool:
    """``HOURS We open 9 to 6``, but not ``our quiz and win a pizza``."""
    keyword, *sentence = text.split(maxsplit=1) or [""]
    return keyword.isupper() and len(keyword) > 1 and sentence != [] and not sentence[0].isupper()


ONE = Rest("keyword", lambda text: len(text.split()) == 1)
ONE_AND_OFF = Rest(
    "ended",
    lambda text: len(text.split()) == 2 and is_said(OFF, text.split()[1]),
    read=lambda text: text.split()[0],
)


def reply_to_keyword(turn: Turn, clients: Sequence[Client], *, count: bool) -> None:
    """Answer for each of these clients that knows the word; asking which would cost as much.

    :param count: whether it counts as asked.
    """
    for client, keyword in answers.answers_to(turn.session, clients, turn.body).items():
        turn.client = turn.client or client
        locale = turn.chosen_locale or client.locale
        turn.reply_verbatim(answers.read(turn.session, client, keyword, locale))
        if count:
            answers.note_use(turn.session, keyword, now=turn.now)


class Answers(Flow):
    """ANSWER HOURS: We open 9 to 6. From then on HOURS is answered; ANSWERS lists what is."""

    role = Role.MEMBER
    #    when they say                   while  go to  and
    script = (
        Line(word("ANSWERS"), IDLE, IDLE, "show_all"),
        Line(word("ANSWER"), IDLE, IDLE, "show_all"),
        Line(setting("ANSWER", _is_keyword), IDLE, IDLE, "set_one"),
        Line(word("ANSWER", ONE), IDLE, IDLE, "show_one"),
        Line(word("ANSWER", ONE_AND_OFF), IDLE, IDLE, "end_one"),
        Line(word("ANSWER", Rest("said", _is_capitals_and_text)), IDLE, IDLE, "set_in_capitals"),
    )
    answers = (Answer("for_whom", NUMBER, "do_for"),)

    # What is done

    def set_one(self, turn: Turn, meant: str, text: str) -> None:
        keyword, *code = meant.split()
        if text:
            self._do(turn, "set", keyword=keyword, text=text, locale=locale_named(code[0]) if code else None)
        else:
            self.show_one(turn, keyword)

    def set_in_capitals(self, turn: Turn, said: str) -> None:
        keyword, text = said.split(maxsplit=1)
        self._do(turn, "set", keyword=keyword, text=text, locale=None)

    def show_one(self, turn: Turn, keyword: str) -> None:
        self._do(turn, "show", keyword=keyword)

    def end_one(self, turn: Turn, ended: str) -> None:
        self._do(turn, "end", keyword=ended)

    def do_for(self, turn: Turn, number: str) -> None:
        """Do it for the client that was chosen from the list."""
        do_for_chosen(turn, number, self._do_for)

    def show_all(self, turn: Turn) -> None:
        for client in turn.clients:
            turn.client = client
            self._say_all(turn, client)

    def _do(self, turn: Turn, verb: str, **arguments: Any) -> None:
        do_for_one(turn, self._do_for, verb=verb, **arguments)

    def _do_for(self, turn: Turn, client: Client, *, verb: str, keyword: str, **arguments: Any) -> None:
        turn.client = client
        if verb == "set":
            self._set(turn, client, keyword, **arguments)
        elif verb == "end":
            self._end(turn, client, keyword)
        else:
            self._show(turn, client, keyword)

    def _set(self, turn: Turn, client: Client, keyword: str, text: str, locale: str | None) -> None:
        shown = keyword.upper()
        try:
            wording = answers.set_answer(turn.session, client, keyword, text, locale=locale, now=turn.now)
        except answers.NoKeyword:
            turn.reply(_("What people text must be one word of 2 to 20 letters and digits."))
        except answers.ReservedKeyword:
            turn.reply(_("{word} means something of its own here. Please choose another word."), word=shown)
        except answers.TooManyKeywords:
            turn.reply(
                _("No more words fit. Text ANSWER, one of them and OFF to end it:\n{names}"),
                names=self._keywords(turn, client),
            )
        except answers.AnswerTooLong:
            say_too_long(turn, answers.too_long_by(client, text))
        else:
            self._say(turn, client, shown, {locale or client.locale: wording})

    def _end(self, turn: Turn, client: Client, keyword: str) -> None:
        try:
            answers.end_answer(turn.session, client, keyword)
        except answers.UnknownKeyword:
            self._say_all(turn, client)
        else:
            turn.reply(_("{word} is not answered any more."), word=keyword.upper())

    def _show(self, turn: Turn, client: Client, keyword: str) -> None:
        found = answers.find(turn.session, client, keyword)
        if found is None:
            self._say_all(turn, client)
        else:
            self._say(turn, client, found.shown, found.wordings)

    # What is said

    def _say(self, turn: Turn, client: Client, shown: str, wordings: dict[str, Wording]) -> None:
        """Read answers back as subscribers read them, with what each costs."""
        said = [
            turn.say(
                n_(
                    "Whoever texts {word} gets this ({count} segment):\n{text}",
                    "Whoever texts {word} gets this ({count} segments):\n{text}",
                ),
                word=shown,
                count=wording.segments,
                text=wording.text,
            )
            for wording in wordings.values()
        ]
        there = answers.find(turn.session, client, shown)
        missing = [each for each in turn.subscribers_of(client) if there and each not in there.wordings]
        if missing:
            said.append(
                turn.say(
                    _("To word it in {language} too, text {code}: and the words."),
                    language=language_name(missing[0], turn.locale),
                    code=f"{first_word('ANSWER', turn.locale)} {shown} {code_of(missing[0])}",
                )
            )
        turn.reply_verbatim("\n\n".join(said))

    def _say_all(self, turn: Turn, client: Client) -> None:
        names = self._keywords(turn, client)
        if names:
            turn.reply(
                _(
                    "{client} answers: {names}. Text ANSWER and a word to see or change one, "
                    "and OFF after it to end it."
                ),
                client=client.name,
                names=names,
            )
        else:
            turn.reply(
                _(
                    "{client} answers no words yet. Text ANSWER, a word, a colon and the answer, "
                    "like: ANSWER hours: 9 to 6."
                ),
                client=client.name,
            )

    def _keywords(self, turn: Turn, client: Client) -> str:
        """Each word with how often it was asked."""
        found = answers.listed(turn.session, client)
        return listed((f"{each.shown} {number(each.uses, turn.locale)}" for each in found), turn.locale)
