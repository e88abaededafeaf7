"""Choosing the language that one is written to in."""

from __future__ import annotations

from bot.audience import service as audience
from bot.dialogue.flow import IDLE, Flow, Line, Role
from bot.dialogue.patterns import PHRASE, in_any_language, word
from bot.dialogue.turn import Turn
from bot.i18n import LOCALES, _, language_name, listed, locale_named


class Language(Flow):
    """LANG lists the languages; LANG es, or LANG español, switches at once."""

    role = Role.ANYONE
    #    when they say              while  go to  and
    script = (
        Line(in_any_language(word("LANG")), IDLE, IDLE, "show_list"),
        Line(in_any_language(word("LANG", PHRASE)), IDLE, IDLE, "show_list", provided="is_unknown"),
        Line(in_any_language(word("LANG", PHRASE)), IDLE, IDLE, "switch"),
    )

    def is_unknown(self, turn: Turn, said: str) -> bool:
        return locale_named(said) is None

    def show_list(self, turn: Turn, said: str = "") -> None:
        names = listed(
            (f"{code_of(locale)} {language_name(locale, locale)}" for locale in LOCALES), turn.locale
        )
        turn.reply(_("Reply LANG and a code to choose your language: {names}."), names=names)

    def switch(self, turn: Turn, said: str) -> None:
        turn.chosen_locale = locale_named(said)
        assert turn.chosen_locale is not None
        audience.choose_locale(turn.session, turn.contact_point.person_id, turn.chosen_locale)
        turn.reply(
            _("Done: we write to you in {language} from now on."),
            language=language_name(turn.chosen_locale, turn.chosen_locale),
        )


def code_of(locale: str) -> str:
    """The code that people text for a locale: ``pt_BR`` → ``PT``."""
    return locale.partition("_")[0].upper()
