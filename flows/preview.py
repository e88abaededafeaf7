"""How a draft is shown to its author: to whom it goes, in how many segments, for about how much."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from bot.announcements import hours, pictures, queries
from bot.announcements.service import Preview
from bot.dialogue.turn import Turn
from bot.i18n import _, language_name, listed, moment, money, n_, number
from flows.language import code_of

if TYPE_CHECKING:
    from bot.audience.models import Client


def summary(turn: Turn, preview: Preview) -> str:
    """Recipients and segments per language, the cost, and what to reply."""
    return turn.say(
        n_(
            "To {count} subscriber: {languages}. About {cost}. Reply CONFIRM to send, DISCARD to drop.",
            "To {count} subscribers: {languages}. About {cost}. Reply CONFIRM to send, DISCARD to drop.",
        ),
        count=preview.audience_size,
        languages=_languages(turn, preview),
        cost=money(preview.cost, "USD", turn.locale),
    )


def say_nothing_waits(turn: Turn) -> None:
    """Nothing was shown that a CONFIRM or DISCARD could be for; perhaps it was heard already."""
    # The newest, for a draft may have been dropped since the last one that was sent.
    newest = [queries.newest(turn.session, client.id) for client in turn.clients]
    moments = [each.confirmed_at for each in newest if each and each.status == "confirmed"]
    if any(moment and turn.now - moment < timedelta(hours=1) for moment in moments):
        turn.reply(_("Your announcement is already on its way. It is sent once. Text STATUS to follow it."))
    else:
        turn.reply(_("Nothing waits to be sent. Text your announcement to begin."))


def say_too_long(turn: Turn, count: int) -> None:
    """Say by how many characters a text passes what may be sent."""
    turn.reply(
        n_(
            "That is too long: cut at least {count} character and text it again.",
            "That is too long: cut at least {count} characters and text it again.",
        ),
        count=count,
    )


def on_its_way(turn: Turn, client: Client, announcement_id: UUID, count: int) -> str:
    """What becomes of an announcement that was confirmed for so many: it goes out, or waits for something."""
    if pictures.of(turn.session, announcement_id).awaited:
        sent = turn.say(
            n_(
                "It goes to {count} subscriber as soon as we have the picture.",
                "It goes to {count} subscribers as soon as we have the picture.",
            ),
            count=count,
        )
    else:
        sent = turn.say(
            n_("It is on its way to {count} subscriber.", "It is on its way to {count} subscribers."),
            count=count,
        )
    waits = wait(turn, client, announcement_id, at=turn.now)
    return f"{sent} {waits}" if waits else sent


def wait(turn: Turn, client: Client, announcement_id: UUID, *, at: datetime) -> str | None:
    """How many would get it only after their quiet hours if it were sent then; None when nobody would."""
    waiting = hours.waiting(turn.session, client, announcement_id, now=at)
    if waiting is None:
        return None
    return turn.say(
        n_(
            "{count} of them gets it after their quiet hours, at {moment}.",
            "{count} of them get it after their quiet hours, the last at {moment}.",
        ),
        count=waiting.count,
        moment=moment(waiting.until, client.time_zone, turn.locale),
    )


def urgency(turn: Turn, client: Client, announcement_id: UUID, *, at: datetime) -> list[str]:
    """That it goes out at any hour, or who waits and how it could; nothing when nobody would wait."""
    if hours.is_urgent(turn.session, announcement_id):
        return [turn.say(_("Urgent: it goes to everybody at once, also at night. Your reason is kept."))]
    waits = wait(turn, client, announcement_id, at=at)
    if waits is None:
        return []
    return [
        waits,
        turn.say(_("If it can't wait because of people's health or safety, reply URGENT and the reason.")),
    ]


def hint_at_wording(turn: Turn, locale: str) -> str:
    """How to say it in a language that some subscribers read and that has no wording yet."""
    return turn.say(
        _("To word it in {language} too, text {code}: and the words."),
        language=language_name(locale, turn.locale),
        code=code_of(locale),
    )


def _languages(turn: Turn, preview: Preview) -> str:
    """``English 5, Spanish 2 (1 segment each)``; where segments differ, each language says its own."""
    people = {
        locale: f"{language_name(locale, turn.locale)} {number(count, turn.locale)}"
        for locale, count in preview.recipients.items()
    }
    if len(people) > 1 and len(set(preview.segments.values())) == 1:
        return turn.say(
            n_("{languages} ({count} segment each)", "{languages} ({count} segments each)"),
            languages=listed(people.values(), turn.locale),
            count=next(iter(preview.segments.values())),
        )
    return listed(
        (
            turn.say(
                n_("{people} ({count} segment)", "{people} ({count} segments)"),
                people=people[locale],
                count=segments,
            )
            for locale, segments in preview.segments.items()
        ),
        turn.locale,
    )
