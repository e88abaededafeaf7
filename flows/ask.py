"""What a client's member can ask: how it goes, how many follow, how people join."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from bot import phones
from bot.announcements import queries as announcements
from bot.announcements.report import summary
from bot.announcements.service import beginning
from bot.dialogue.flow import IDLE, Flow, Line, Role
from bot.dialogue.patterns import word
from bot.dialogue.turn import Turn
from bot.i18n import _, language_name, listed, moment, n_, number

if TYPE_CHECKING:
    from bot.announcements.queries import Progress
    from bot.audience.models import Client

#: STATUS names so many that are still under way besides the latest: each is a text to pay for.
EARLIER_SHOWN = 2


class Ask(Flow):
    """STATUS, SUBSCRIBERS and LINK, answered for every client that the person speaks for."""

    role = Role.MEMBER
    #    when they say              while  go to  and
    script = (
        Line(word("STATUS"), IDLE, IDLE, "status"),
        Line(word("SUBSCRIBERS"), IDLE, IDLE, "subscribers"),
        Line(word("LINK"), IDLE, IDLE, "link"),
    )

    def status(self, turn: Turn) -> None:
        for client in turn.clients:
            latest = announcements.latest(turn.session, client.id)
            if latest is None:
                turn.reply(_("{client} has announced nothing yet."), client=client.name)
                continue
            turn.reply(
                n_(
                    "{client}, latest announcement, to {count} subscriber: {result}.",
                    "{client}, latest announcement, to {count} subscribers: {result}.",
                ),
                client=client.name,
                count=latest.audience_size,
                result=self._result(turn, client, latest),
            )
            # PAUSE stops these too.
            for each in announcements.earlier_under_way(turn.session, latest, most=EARLIER_SHOWN):
                turn.reply(
                    n_(
                        "{client}, earlier: {text}\nTo {count} subscriber: {result}.",
                        "{client}, earlier: {text}\nTo {count} subscribers: {result}.",
                    ),
                    client=client.name,
                    text=beginning(turn.session, each.announcement),
                    count=each.audience_size,
                    result=self._result(turn, client, each),
                )

    def _result(self, turn: Turn, client: Client, progress: Progress) -> str:
        waiting, until = announcements.waiting(turn.session, progress, now=turn.now) or (0, turn.now)
        return summary(
            progress.ledger,
            turn.locale,
            not_yet_queued=progress.not_yet_queued,
            paused=progress.paused,
            waiting=waiting,
            until=moment(until, client.time_zone, turn.locale),
        )

    def subscribers(self, turn: Turn) -> None:
        for client in turn.clients:
            per_locale = turn.subscribers_of(client)
            languages = listed(
                (
                    f"{language_name(locale, turn.locale)} {number(count, turn.locale)}"
                    for locale, count in per_locale.items()
                ),
                turn.locale,
            )
            if not per_locale:
                turn.reply(
                    _("{client} has no subscribers yet. Text LINK to see how people join."),
                    client=client.name,
                )
            else:
                turn.reply(
                    n_(
                        "{client} has {count} subscriber: {languages}.",
                        "{client} has {count} subscribers: {languages}.",
                    ),
                    client=client.name,
                    count=sum(per_locale.values()),
                    languages=languages,
                )

    def link(self, turn: Turn) -> None:
        for client in turn.clients:
            turn.reply(
                _("People join {client} by texting JOIN {slug} to {number}, or by this link: {link}"),
                client=client.name,
                slug=client.slug,
                number=phones.display(turn.number_texted),
                link=f"sms:{turn.number_texted}?&body={quote(f'JOIN {client.slug}')}",
            )
