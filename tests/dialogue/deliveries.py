"""What the worker does after a text, done at a moment that the test names, with a Twilio that always answers.

Events, fan-out, claims, receipts: all real but the HTTP call itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from bot import db, wiring
from bot.announcements import fanout, queries
from bot.announcements import sweeps as announcement_sweeps
from bot.audience import sweeps as audience_sweeps
from bot.automation import sweeps as automation_sweeps
from bot.events import dispatch
from bot.media import fetching
from bot.messaging import chunks, receipts, steps
from bot.messaging import sweeps as messaging_sweeps
from bot.messaging.chunks import Call
from bot.messaging.outcomes import step_of
from bot.vendors import media, twilio
from bot.vendors.media import Downloaded, Refused, TooBig
from bot.vendors.twilio import Accepted, Rejected

wiring.load()

#: What comes of asking for a file, by the end of its address.
OUTCOMES: dict[str, media.Outcome] = {
    "picture": Downloaded(b"\xff\xd8\xff a JPEG"),
    "huge": TooBig(),
    "sticker": Downloaded(b"RIFF....WEBP"),
    "gone": Refused("gone"),
}

OUT_OF_REACH = "out of reach"
BLOCKED = "blocked by Twilio"


@dataclass
class Deliveries:
    """The worker and Twilio in one.

    :param unlucky: number → why it is not reached: ``OUT_OF_REACH`` or ``BLOCKED``.
    """

    unlucky: dict[str, str] = field(default_factory=dict)
    pictures_wait: bool = False

    def settle(self, now: datetime) -> None:
        """Handle events, and write the rows of what was confirmed."""
        if not self.pictures_wait:
            self._fetch(now)
        while dispatch.dispatch_batch(now):
            pass
        with db.transaction() as session:
            audience_sweeps.untold_subscribers(session, now)
            automation_sweeps.due_welcomes(session, now)
            messaging_sweeps.numbers_without_place(session, now)
            announcement_sweeps.due_schedules(session, now)
            waiting = queries.without_fan_out(session)
        for announcement_id in waiting:
            with db.transaction() as session:
                fanout.fan_out(session, announcement_id, now=now)

    def send(self, lane: str, now: datetime, *, at_once: int = 1000) -> list[Call]:
        """Call for what one chunk of a lane has due, ``at_once`` texts at most; returns the calls made."""
        with db.transaction() as session:
            leased = chunks.take(session, lane, now=now)
            if leased is None:
                return []
            calls = chunks.mark(session, leased.lease, most=at_once, now=now).calls
            steps.take(session, [step_of(call, self._answer(call), at=now) for call in calls], now=now)
            chunks.put_down(session, leased.lease, now=now)
            for call in calls:
                self._append_receipt(session, call, now)
            receipts.apply(session, now=now)
        return calls

    def reached(self, call: Call) -> bool:
        """Whether a call's text arrives."""
        return call.to not in self.unlucky

    def _fetch(self, now: datetime) -> None:
        """Have every wanted file, as its address says it is."""
        with db.transaction() as session:
            while wanted := fetching.take(session, now=now):
                fetching.note(session, wanted, OUTCOMES[wanted.url.rpartition("/")[2]], now=now)

    def _answer(self, call: Call) -> twilio.Outcome:
        if self.unlucky.get(call.to) == BLOCKED:
            return Rejected(21610)
        return Accepted(_sid(call), "accepted")

    def _append_receipt(self, session: Session, call: Call, now: datetime) -> None:
        if self.unlucky.get(call.to) == BLOCKED:
            return
        receipts.append(
            session,
            message_id=call.message_id,
            provider_id=_sid(call),
            status="delivered" if self.reached(call) else "undelivered",
            error_code=None if self.reached(call) else 30003,
            now=now,
        )


def _sid(call: Call) -> str:
    """Twilio's id of the text that a call makes."""
    return f"SM{call.message_id.hex}{call.attempt}"
