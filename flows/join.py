"""Following a business by text."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bot.audience import queries
from bot.audience import service as audience
from bot.audience.slugs import slugify
from bot.dialogue.flow import IDLE, Flow, Line, Role
from bot.dialogue.patterns import PHRASE, word
from bot.dialogue.turn import Turn
from bot.i18n import _, first_word, listed

if TYPE_CHECKING:
    from bot.audience.models import Client


class Join(Flow):
    """Somebody texts JOIN and a business's name, and follows it from then on."""

    role = Role.ANYONE
    speaks_to_stopped = True
    may_come_late = True
    #    when they say              while  go to  and
    script = (
        Line(word("JOIN", PHRASE), IDLE, IDLE, "unknown", provided="is_unknown"),
        Line(word("JOIN", PHRASE), IDLE, IDLE, "closed", provided="is_suspended"),
        Line(word("JOIN", PHRASE), IDLE, IDLE, "join"),
        Line(word("JOIN"), IDLE, IDLE, "ask_whom"),
    )

    def is_unknown(self, turn: Turn, said: str) -> bool:
        turn.client = queries.client_by_slug(turn.session, slugify(said), turn.sender.id)
        return turn.client is None

    def is_suspended(self, turn: Turn, said: str) -> bool:
        return turn.client is not None and turn.client.status != "active"

    def unknown(self, turn: Turn, said: str) -> None:
        near = queries.clients_like(turn.session, said, turn.sender.id)
        if near:
            turn.reply(
                _("We don't know {said}. Did you mean one of these? {offers}"),
                said=said,
                offers=listed(
                    (f"{first_word('JOIN', turn.locale)} {client.slug}" for client in near), turn.locale
                ),
            )
        else:
            turn.reply(_("We don't know {said}. Please check the name and text JOIN again."), said=said)

    def closed(self, turn: Turn, said: str) -> None:
        assert turn.client is not None
        turn.reply(_("{client} can't be joined at the moment."), client=turn.client.name)
        turn.client = None

    def join(self, turn: Turn, said: str) -> None:
        assert turn.client is not None
        back = turn.opt_out is not None and not turn.opt_out.blocked_by_carrier
        if back:
            self._come_back(turn, turn.client)
        if turn.chosen_locale is None and turn.spoken_locale is not None:
            audience.choose_locale(turn.session, turn.contact_point.person_id, turn.spoken_locale)
        welcome = turn.say(
            _(
                "Welcome to {client}! You get its announcements by text; how often varies. "
                "Msg & data rates may apply. Reply HELP for help, STOP to end, LANG to change the language."
            ),
            client=turn.client.name,
        )
        new = audience.follow(
            turn.session,
            turn.contact_point,
            turn.client,
            replace(turn.evidence, text_shown=welcome),
            tell_client=True,
        )
        if new or back:
            turn.replies.append(welcome)
        else:
            turn.reply(_("You already follow {client}. Reply LEAVE to stop."), client=turn.client.name)

    def _come_back(self, turn: Turn, client: Client) -> None:
        """Asking to follow is a fresh wish, for this client only; a carrier's own block waits for START."""
        for other in turn.followed:
            if other.id != client.id:
                audience.unfollow(turn.session, turn.contact_point, other, turn.evidence)
        audience.start(turn.session, turn.contact_point, turn.sender, turn.evidence)
        turn.opt_out = None
        turn.reload_clients()

    def ask_whom(self, turn: Turn) -> None:
        turn.reply(_("Whom would you like to follow? Text JOIN and the name, like JOIN pizza-palace."))
