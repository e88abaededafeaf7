"""Status callbacks: which are posted, in what order, and the faults that befall them.

https://www.twilio.com/docs/messaging/guides/track-outbound-message-status
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from .agenda import Agenda
from .errors import WebhookProblemError
from .messages import API_VERSION, FINAL, Message
from .problems import Problems
from .settings import Settings
from .webhooks import Webhooks

_ANNOUNCED: Final = frozenset({"queued", "sent", "delivered", "undelivered", "failed", "canceled"})
_FAILURES: Final = frozenset({"failed", "undelivered"})


class Receipt(NamedTuple):
    """One callback to post: a message, and the status it had."""

    message: Message
    status: str
    error_code: int | None
    url: str
    done_at: float


@dataclass(slots=True)
class Line:
    """The callbacks of one message, posted one after another; `held` ones wait for its last status."""

    waiting: deque[Receipt] = field(default_factory=deque)
    held: list[Receipt] = field(default_factory=list)
    busy: bool = False


class Receipts:
    """Posts callbacks with bounded concurrency, away from the requests that cause them."""

    def __init__(self, settings: Settings, webhooks: Webhooks, agenda: Agenda, problems: Problems) -> None:
        self._settings = settings
        self._webhooks = webhooks
        self._agenda = agenda
        self._problems = problems
        self._lines: dict[str, Line] = {}
        self._ready: deque[Line] = deque()
        self._posting: set[asyncio.Task[None]] = set()
        self.posted = 0
        self.failed = 0

    @property
    def backlog(self) -> int:
        """How many callbacks are waiting or under way."""
        return sum(len(line.waiting) + line.busy for line in self._lines.values())

    def announce(self, message: Message, now: float) -> None:
        """Post the status that `message` has just reached, as its faults allow."""
        urls = message.callbacks or (
            (self._settings.status_callback,) if self._settings.status_callback else ()
        )
        if not urls or message.status not in _ANNOUNCED:
            return
        for url in urls:
            self._prepare(Receipt(message, message.status, message.error_code, url, now))

    def clear(self) -> None:
        """Drop what waits and cut off what is under way."""
        self._lines.clear()
        self._ready.clear()
        for task in tuple(self._posting):
            task.cancel()

    def _prepare(self, receipt: Receipt) -> None:
        message, status = receipt.message, receipt.status
        faults = message.receipt_faults
        if not faults:
            self._enqueue(message.sid, [receipt])
            return
        kinds = {fault.kind: fault for fault in faults if fault.covers(status)}
        if "missing_receipts" in kinds:
            copies = []
        else:
            copies = [receipt, receipt] if "duplicate_receipts" in kinds else [receipt]
        if "delayed_receipts" in kinds:
            self._agenda.put(kinds["delayed_receipts"].seconds, self._enqueue, message.sid, copies)
        elif any(fault.kind == "reordered_receipts" for fault in faults):
            line = self._lines.setdefault(message.sid, Line())
            line.held = [*copies, *line.held]
            if status in FINAL:
                held, line.held = line.held, []
                self._enqueue(message.sid, held)
        else:
            self._enqueue(message.sid, copies)

    def _enqueue(self, sid: str, receipts: list[Receipt]) -> None:
        if not receipts:
            return
        line = self._lines.setdefault(sid, Line())
        line.waiting.extend(receipts)
        if not line.busy:
            line.busy = True
            self._ready.append(line)
            if len(self._posting) < self._settings.callback_connections:
                task = asyncio.get_running_loop().create_task(self._post_ready())
                self._posting.add(task)
                task.add_done_callback(self._posting.discard)

    async def _post_ready(self) -> None:
        while self._ready:
            line = self._ready.popleft()
            receipt = line.waiting.popleft()
            await self._post(receipt)
            if line.waiting:
                self._ready.append(line)
            else:
                line.busy = False
                if not line.held:
                    self._lines.pop(receipt.message.sid, None)

    async def _post(self, receipt: Receipt) -> None:
        try:
            await self._webhooks.post(receipt.url, _parameters(receipt, self._settings.account_sid))
        except WebhookProblemError as problem:
            self.failed += 1
            self._problems.note(problem, receipt.message.sid)
        else:
            self.posted += 1


def _parameters(receipt: Receipt, account_sid: str) -> dict[str, str]:
    message = receipt.message
    parameters = {
        "AccountSid": account_sid,
        "ApiVersion": API_VERSION,
        "From": message.from_,
        "MessageSid": message.sid,
        "MessageStatus": receipt.status,
        "SmsSid": message.sid,
        "SmsStatus": receipt.status,
        "To": message.to,
    }
    if message.service_sid is not None:
        parameters["MessagingServiceSid"] = message.service_sid
    if receipt.status in _FAILURES and receipt.error_code is not None:
        parameters["ErrorCode"] = str(receipt.error_code)
    if receipt.status == "delivered":
        parameters["RawDlrDoneDate"] = time.strftime("%y%m%d%H%M", time.gmtime(receipt.done_at))
    return parameters
