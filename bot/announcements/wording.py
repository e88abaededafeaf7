"""How an announcement reads on a subscriber's phone."""

from __future__ import annotations

from bot.i18n import LOCALES, _, render
from bot.messaging.segments import LONGEST_TEXT, measure


def compose(client_name: str, text: str, locale: str) -> str:
    """What a subscriber who reads ``locale`` receives: who says it, what they say, and how to end it."""
    if not text:  # a picture speaks for itself
        return render(_("{client}\nReply STOP to opt out."), locale, client=client_name)
    return render(_("{client}: {text}\nReply STOP to opt out."), locale, client=client_name, text=text)


def compose_all(client_name: str, wordings: dict[str, str], own_locale: str) -> dict[str, str]:
    """The text for every locale: its wording where there is one, else the client's own."""
    return {
        locale: compose(client_name, wordings.get(locale, wordings[own_locale]), locale) for locale in LOCALES
    }


def overrun(client_name: str, wordings: dict[str, str], own_locale: str) -> int:
    """By how many characters the longest of the texts passes what Twilio takes; 0 when all fit."""
    texts = compose_all(client_name, wordings, own_locale).values()
    return max(0, max(measure(text).length for text in texts) - LONGEST_TEXT)
