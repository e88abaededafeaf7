"""Announcing to all subscribers by text."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar
from uuid import UUID

from bot.announcements import hours, pictures
from bot.announcements import service as announcements
from bot.automation import answers
from bot.dialogue.flow import IDLE, Flow, Line, Role
from bot.dialogue.patterns import ANYTHING, NUMBER, OTHER_WORDING, TEXT, WORDING, nearly, word
from bot.dialogue.turn import Turn
from bot.i18n import LOCALES, Text, _, language_name, listed
from flows.answers import reply_to_keyword
from flows.choices import numbered
from flows.language import code_of
from flows.pictures import left_out, say_refused, say_without, take_along, with_pictures
from flows.preview import (
    hint_at_wording,
    on_its_way,
    say_nothing_waits,
    say_too_long,
    summary,
    urgency,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bot.audience.models import Client

CHOOSING = "choosing"
CONFIRMING = "confirming"


class Announce(Flow):
    """A client texts what to say; CONFIRM sends it to every subscriber, in their language."""

    role = Role.MEMBER
    expires_after = announcements.DRAFT_LASTS
    expired: ClassVar[Text] = _(
        "Your draft waited for a day and was dropped. To announce it after all, text it again."
    )
    #    when they say       while       go to       and
    script: ClassVar[Iterable[Line]] = (
        Line(WORDING, IDLE, IDLE, "ask_for_draft_first"),
        Line(word("CONFIRM"), IDLE, IDLE, "nothing_waits"),
        Line(word("YES"), IDLE, IDLE, "nothing_waits"),
        Line(ANYTHING, IDLE, IDLE, "try_keyword", provided="is_keyword"),
        Line(ANYTHING, IDLE, IDLE, "say_suspended", provided="is_suspended"),
        Line(ANYTHING, IDLE, IDLE, "ask_for_text", provided="is_empty"),
        Line(ANYTHING, IDLE, CHOOSING, "ask_which_client", provided="speaks_for_several"),
        Line(ANYTHING, IDLE, IDLE, "say_nobody_follows", provided="is_unheard"),
        Line(ANYTHING, IDLE, IDLE, "refuse", provided="is_too_long"),
        Line(ANYTHING, IDLE, CONFIRMING, "draft"),
        # A person may speak for several clients: which of them is never guessed.
        Line(NUMBER, CHOOSING, IDLE, "say_suspended", provided="is_suspended"),
        Line(NUMBER, CHOOSING, CHOOSING, "ask_again", provided="is_no_choice"),
        Line(NUMBER, CHOOSING, IDLE, "say_nobody_follows", provided="is_unheard"),
        Line(NUMBER, CHOOSING, IDLE, "refuse", provided="is_too_long"),
        Line(NUMBER, CHOOSING, CONFIRMING, "draft"),
        Line(word("DISCARD"), CHOOSING, IDLE, "drop"),
        Line(word("CONFIRM"), CHOOSING, CHOOSING, "ask_again"),
        Line(word("YES"), CHOOSING, CHOOSING, "ask_again"),
        Line(ANYTHING, CHOOSING, IDLE, "say_suspended", provided="is_suspended"),
        Line(ANYTHING, CHOOSING, CHOOSING, "ask_again", provided="is_empty"),
        Line(ANYTHING, CHOOSING, CHOOSING, "ask_which_client"),
        # A draft waits. Phones often send a picture and its words as two texts, in either order.
        Line(WORDING, CONFIRMING, IDLE, "say_suspended", provided="is_suspended"),
        Line(WORDING, CONFIRMING, CONFIRMING, "ask_for_text", provided="is_wordless"),
        Line(WORDING, CONFIRMING, CONFIRMING, "refuse", provided="is_too_long"),
        Line(WORDING, CONFIRMING, CONFIRMING, "add_wording"),
        Line(OTHER_WORDING, CONFIRMING, CONFIRMING, "say_not_written"),
        Line(word("CONFIRM"), CONFIRMING, IDLE, "say_suspended", provided="is_suspended"),
        Line(word("CONFIRM"), CONFIRMING, IDLE, "say_nobody_follows", provided="is_unheard"),
        Line(word("CONFIRM"), CONFIRMING, CONFIRMING, "refuse_pictures", provided="has_bad_pictures"),
        Line(word("CONFIRM"), CONFIRMING, IDLE, "send"),
        Line(word("DISCARD"), CONFIRMING, IDLE, "drop"),
        Line(word("URGENT"), CONFIRMING, CONFIRMING, "ask_why_urgent"),
        Line(word("URGENT", TEXT), CONFIRMING, IDLE, "say_suspended", provided="is_suspended"),
        Line(word("URGENT", TEXT), CONFIRMING, CONFIRMING, "make_urgent"),
        # Neither YES nor a slip of the finger is what the subscribers were meant to read.
        Line(word("YES"), CONFIRMING, IDLE, "say_suspended", provided="is_suspended"),
        Line(word("YES"), CONFIRMING, CONFIRMING, "show_again"),
        Line(nearly("CONFIRM", "DISCARD"), CONFIRMING, IDLE, "say_suspended", provided="is_suspended"),
        Line(nearly("CONFIRM", "DISCARD"), CONFIRMING, CONFIRMING, "show_again"),
        Line(ANYTHING, CONFIRMING, IDLE, "say_suspended", provided="is_suspended"),
        Line(ANYTHING, CONFIRMING, CONFIRMING, "ask_for_text", provided="is_empty"),
        Line(ANYTHING, CONFIRMING, CONFIRMING, "show_again", provided="is_only_pictures"),
        Line(ANYTHING, CONFIRMING, IDLE, "say_nobody_follows", provided="is_unheard"),
        Line(ANYTHING, CONFIRMING, CONFIRMING, "refuse", provided="is_too_long"),
        Line(ANYTHING, CONFIRMING, CONFIRMING, "add_words", provided="lacks_words"),
        Line(ANYTHING, CONFIRMING, CONFIRMING, "replace"),
    )

    # What decides

    def is_suspended(self, turn: Turn, **_said: str) -> bool:
        return not turn.active_clients or ("client" in turn.memory and self._client(turn) is None)

    def is_keyword(self, turn: Turn) -> bool:
        return bool(answers.answers_to(turn.session, turn.clients, turn.body))

    def is_empty(self, turn: Turn) -> bool:
        return not turn.body.strip() and not turn.pictures

    def is_only_pictures(self, turn: Turn) -> bool:
        return not turn.body.strip() and bool(turn.pictures)

    def lacks_words(self, turn: Turn) -> bool:
        client = self._client(turn)
        return client is not None and not self._wordings(turn).get(client.locale)

    def has_bad_pictures(self, turn: Turn) -> bool:
        return pictures.of(turn.session, UUID(turn.memory["announcement"])).failure is not None

    def is_wordless(self, turn: Turn, locale: str, text: str) -> bool:
        return not text

    def speaks_for_several(self, turn: Turn, **_said: str) -> bool:
        return len(turn.active_clients) > 1

    def is_no_choice(self, turn: Turn, number: str) -> bool:
        return not 1 <= int(number) <= len(turn.memory["clients"]) or self._client(turn, number) is None

    def is_unheard(self, turn: Turn, number: str | None = None) -> bool:
        client = self._client(turn, number)
        return client is not None and not turn.has_subscribers(client)

    def is_too_long(self, turn: Turn, **said: str) -> bool:
        return self._too_long_by(turn, **said) > 0

    # What is done

    def try_keyword(self, turn: Turn) -> None:
        """Who texts a keyword of their own wants to see what it does, not to announce it."""
        reply_to_keyword(turn, turn.clients, count=False)

    def draft(self, turn: Turn, number: str | None = None, remarks: Sequence[str] = (), **_said: str) -> None:
        client = self._client(turn, number)
        assert client is not None
        came_along = turn.memory.get("pictures", turn.pictures)
        if turn.memory.get("left_out"):
            remarks = [left_out(turn, turn.memory["left_out"])]
        announcement = self._keep(turn, client)
        turn.memory = {"client": str(client.id), "announcement": str(announcement)}
        self._show(turn, client, client.locale, came_along, remarks)

    def replace(self, turn: Turn) -> None:
        before = UUID(turn.memory["announcement"])
        remarks = say_without(turn, before)
        announcements.discard(turn.session, before)
        self.draft(turn, remarks=remarks)

    def add_words(self, turn: Turn) -> None:
        client = self._client(turn)
        assert client is not None
        self.add_wording(turn, client.locale, turn.body.strip())

    def add_wording(self, turn: Turn, locale: str, text: str) -> None:
        client = self._client(turn)
        assert client is not None
        announcements.add_wording(turn.session, UUID(turn.memory["announcement"]), locale, text)
        self._show(turn, client, locale)

    def send(self, turn: Turn) -> None:
        client = self._client(turn)
        assert client is not None
        count = announcements.confirm(
            turn.session, client, UUID(turn.memory["announcement"]), turn.contact_point, now=turn.now
        )
        turn.client = client
        if count is None:
            # Adding a wording keeps the conversation going, but not a draft that is older than a day.
            turn.reply(self.expired)
        else:
            turn.reply_verbatim(on_its_way(turn, client, UUID(turn.memory["announcement"]), count))

    def make_urgent(self, turn: Turn, said: str) -> None:
        hours.make_urgent(turn.session, UUID(turn.memory["announcement"]), said)
        self.show_again(turn)

    def drop(self, turn: Turn) -> None:
        if "announcement" in turn.memory:
            announcements.discard(turn.session, UUID(turn.memory["announcement"]))
        turn.reply(_("Dropped. Nothing was sent."))

    # What is said

    def ask_for_draft_first(self, turn: Turn, locale: str, text: str) -> None:
        own = next((client.locale for client in turn.clients), turn.locale)
        turn.reply(
            _("First text the announcement in {language}; then add other languages."),
            language=language_name(own, turn.locale),
        )

    def nothing_waits(self, turn: Turn) -> None:
        say_nothing_waits(turn)

    def say_suspended(self, turn: Turn, **_said: str) -> None:
        known = turn.memory.get("client")
        turn.client = next((each for each in turn.clients if str(each.id) == known), turn.clients[0])
        turn.reply(
            _("{client} is suspended, so it can't announce at the moment. Nothing was sent."),
            client=turn.client.name,
        )

    def say_not_written(self, turn: Turn, code: str) -> None:
        turn.reply(
            _("We don't write {language} yet, so your draft is as it was. We write: {names}."),
            language=language_name(code, turn.locale),
            names=listed(map(code_of, LOCALES), turn.locale),
        )

    def ask_why_urgent(self, turn: Turn) -> None:
        turn.reply(
            _("Say why it can't wait: URGENT and the reason. It is for people's health and safety only.")
        )

    def show_again(self, turn: Turn) -> None:
        client = self._client(turn)
        assert client is not None
        self._show(turn, client, client.locale)

    def refuse_pictures(self, turn: Turn) -> None:
        client = self._client(turn)
        assert client is not None
        say_refused(turn, client, UUID(turn.memory["announcement"]))

    def ask_for_text(self, turn: Turn, locale: str | None = None, text: str | None = None) -> None:
        if turn.files:
            turn.reply_verbatim(left_out(turn, len(turn.files)))
        else:
            turn.reply(_("That text had no words. Text what you would like to announce."))

    def ask_which_client(self, turn: Turn, **_said: str) -> None:
        turn.memory = {
            "text": turn.body.strip() or turn.memory.get("text", ""),
            "pictures": turn.pictures or turn.memory.get("pictures", []),
            "left_out": len(turn.files) - len(turn.pictures),
        }
        self.ask_again(turn)

    def ask_again(self, turn: Turn, number: str | None = None) -> None:
        turn.memory["clients"] = [str(client.id) for client in turn.active_clients]
        turn.reply(
            _("For which business is this? Reply with its number.\n{names}"),
            names=numbered(turn.active_clients),
        )

    def say_nobody_follows(self, turn: Turn, number: str | None = None) -> None:
        client = self._client(turn, number)
        assert client is not None
        turn.reply(
            _("{client} has no subscribers yet. Text LINK to see how people join."), client=client.name
        )

    def refuse(self, turn: Turn, **said: str) -> None:
        say_too_long(turn, self._too_long_by(turn, **said))

    def _keep(self, turn: Turn, client: Client) -> UUID:
        said = turn.memory.get("text", turn.body.strip())
        return announcements.draft(turn.session, client, turn.contact_point, said, now=turn.now)

    def _notes(self, turn: Turn, client: Client, announcement: UUID) -> list[str]:
        """What is said of when it goes out."""
        return urgency(turn, client, announcement, at=turn.now)

    def _show(
        self, turn: Turn, client: Client, locale: str, new: Sequence[str] = (), remarks: Sequence[str] = ()
    ) -> None:
        """Show the draft as a subscriber will see it, to whom it goes and what it costs.

        :param new: pictures that go along with it from now on; by default those of this text.
        """
        turn.client = client
        announcement = UUID(turn.memory["announcement"])
        remarks = [*remarks, *take_along(turn, announcement, new or turn.pictures)]
        preview = announcements.preview(turn.session, client, announcement, now=turn.now)
        said = [preview.texts[locale], "", *with_pictures(turn, preview), summary(turn, preview)]
        said += self._notes(turn, client, announcement)
        missing = [each for each in preview.recipients if each not in self._wordings(turn)]
        if self.lacks_words(turn):
            said.append(turn.say(_("If words belong to it, text them now.")))
        elif missing:
            said.append(hint_at_wording(turn, missing[0]))
        turn.reply_verbatim("\n".join([*said, *remarks]))

    def _wordings(self, turn: Turn) -> dict[str, str]:
        if "announcement" not in turn.memory:
            return {}
        return announcements.wordings(turn.session, UUID(turn.memory["announcement"]))

    def _too_long_by(
        self,
        turn: Turn,
        number: str | None = None,
        locale: str | None = None,
        text: str | None = None,
        **_said: str,
    ) -> int:
        client = self._client(turn, number)
        if client is None:
            return 0
        said = turn.memory.get("text", turn.body.strip())
        wordings = {**self._wordings(turn), locale: text} if locale and text else {client.locale: said}
        return announcements.too_long_by(client, wordings)

    def _client(self, turn: Turn, number: str | None = None) -> Client | None:
        """The client that is spoken for: the one remembered or chosen, else the only one."""
        known = turn.memory.get("client")
        if number is not None:
            known = turn.memory["clients"][int(number) - 1]
        if known is None and len(turn.active_clients) == 1:
            return turn.active_clients[0]
        return next((client for client in turn.active_clients if str(client.id) == known), None)
