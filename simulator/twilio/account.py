"""The account: what it knows, and the way of a text from acceptance to its last status."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Final

from .agenda import Agenda
from .errors import TwilioRefusalError
from .faults import Faults
from .feed import Feed
from .media import Media
from .messages import Message, Store
from .optouts import OptOuts
from .problems import Problems
from .receipts import Receipts
from .settings import Settings
from .webhooks import Webhooks

Clock = Callable[[], float]
"""Tells the time in seconds since the epoch, UTC."""

_NEXT: Final = {"scheduled": "accepted", "accepted": "queued", "queued": "sending", "sending": "sent"}
_STEPS: Final = 4
_E164: Final = re.compile(r"\+[1-9][0-9]{6,14}")
_LONGEST_BODY: Final = 1600
MOST_MEDIA: Final = 10


class Account:
    """One Twilio account with its Messaging Services, and everything that has happened in it."""

    def __init__(self, settings: Settings, clock: Clock = time.time) -> None:
        self.settings = settings
        self.clock = clock
        self.store = Store()
        self.opt_outs = OptOuts()
        self.faults = Faults()
        self.feed = Feed()
        self.media = Media()
        self.problems = Problems()
        self.agenda = Agenda()
        self.webhooks = Webhooks(settings)
        self.receipts = Receipts(settings, self.webhooks, self.agenda, self.problems)

    def send(self, message: Message, *, at: float | None = None, failing_with: int | None = None) -> None:
        """Accept `message` and set it on its way; with `at` (epoch seconds) it stays scheduled until then.

        It fails with the code `failing_with`, or as a delivery fault says.
        """
        to = message.to
        if failing_with is None:
            fault = self.faults.first("delivery", to)
            failing_with = None if fault is None else fault.code
        if failing_with is not None:
            message.outcome = ("failed" if failing_with == 21610 else "undelivered", failing_with)
        message.receipt_faults = self.faults.all("receipts", to)
        self.store.add(message)
        self.feed.text(message)
        seconds = self._step_seconds() if at is None else max(at - self.clock(), 0)
        self.agenda.put(seconds, self._advance, message)

    def cancel(self, message: Message) -> None:
        """Cancel a scheduled message; raises 30409 when it is no longer scheduled."""
        if message.status != "scheduled":
            raise TwilioRefusalError(30409)
        self.agenda.drop(self._advance, message)
        self._reach(message, "canceled")

    def pick_sender(self, service_sid: str, to: str) -> str:
        """The number a service sends from: the one last used with `to`, or one by its digits.

        Raises 21701 for an unknown service, 21703 for one without numbers.
        """
        numbers = self.settings.services.get(service_sid)
        if numbers is None:
            raise TwilioRefusalError(21701, service_sid)
        if not numbers:
            raise TwilioRefusalError(21703)
        if len(numbers) == 1:
            return numbers[0]
        for earlier in self.store.newest(number=to):
            ours = earlier.to if earlier.direction == "inbound" else earlier.from_
            if ours in numbers:
                return ours
        return numbers[int(to[1:]) % len(numbers)]

    def blocks(self, service_sid: str | None, sender: str, to: str) -> bool:
        """Whether `to` has stopped the service, or the number where there is no service."""
        return self.opt_outs.blocks(service_sid or sender, to)

    def reset(self) -> None:
        """Forget messages, opt-outs, faults and problems, and drop callbacks; the settings stay."""
        self.agenda.clear()
        self.receipts.clear()
        for part in (self.store, self.opt_outs, self.faults, self.feed, self.media, self.problems):
            part.clear()

    def _step_seconds(self) -> float:
        return self.settings.seconds_to_deliver / _STEPS

    def _advance(self, message: Message) -> None:
        if message.status == "sent" or (message.status == "queued" and message.outcome[0] == "failed"):
            message.error_code = message.outcome[1]
            self._reach(message, message.outcome[0])
        elif message.status in _NEXT:
            self._reach(message, _NEXT[message.status])
            self.agenda.put(self._step_seconds(), self._advance, message)

    def _reach(self, message: Message, status: str) -> None:
        now = self.clock()
        message.status = status
        message.updated_at = now
        if status == "sent":
            message.sent_at = now
        self.feed.status(message)
        self.receipts.announce(message, now)


def parse_number(text: str, code: int) -> str:
    """`text` in E.164, as Twilio reads it: spaces and punctuation fall away, ten digits are American.

    Raises TwilioRefusalError with `code` for anything else.
    """
    if _E164.fullmatch(text):
        return text
    digits = re.sub(r"[\s().-]", "", text)
    if re.fullmatch(r"[2-9][0-9]{9}", digits):
        return f"+1{digits}"
    if re.fullmatch(r"1[2-9][0-9]{9}", digits):
        return f"+{digits}"
    if _E164.fullmatch(digits):
        return digits
    raise TwilioRefusalError(code, text)


def check_content(body: str, media: tuple[str, ...]) -> None:
    """Refuse a text with nothing in it (21602), one that is too long (21617), or bad media (21620, 21623)."""
    if not body and not media:
        raise TwilioRefusalError(21602)
    if len(body) > _LONGEST_BODY:
        raise TwilioRefusalError(21617)
    if len(media) > MOST_MEDIA:
        raise TwilioRefusalError(21623)
    for url in media:
        if not url.startswith(("http://", "https://")):
            raise TwilioRefusalError(21620, url)
