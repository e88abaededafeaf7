"""A drain: the chunks of one lane, leased, marked a second's worth at a time, and called many at once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import datetime

import structlog
from sqlalchemy.exc import OperationalError

from bot import db, metrics
from bot.claims import LeaseLost
from bot.config import settings
from bot.jobs import BULK
from bot.messaging import chunks, throttle
from bot.messaging.chunks import Call, LeasedChunk, Slice
from bot.messaging.outcomes import back, step_of
from bot.messaging.recording import Recorder
from bot.messaging.trouble import Trouble
from bot.messaging.turns import Turn, Turns
from bot.vendors.twilio import Outcome, RateLimited, Text, Twilio, Unreachable

log = structlog.get_logger()

#: Calls under way at once. At 80 ms a call that is 1,250 a second, about what one core can do.
CONCURRENT_CALLS = 100
#: While no more than so many marked calls wait for a slot, the next are marked, so that no slot is empty.
AHEAD = 2 * CONCURRENT_CALLS
#: A marked message whose call has not begun after this long goes back and is checked again: STOP wins.
MARK_HOLDS_SECONDS = 1.0
#: After a refusal for want of room or a connection, nothing is marked for this long, or as Twilio says.
PAUSE_SECONDS = 0.25
LONGEST_PAUSE_SECONDS = 10.0
#: While a sender's rate holds up its texts, whether others have something new is looked for this often.
LONGEST_REST_SECONDS = 0.25
#: A drain ends after this long, so that other work of its queue gets its turn.
SHIFT_SECONDS = 60.0


class Drain:
    """Sends what is due in one lane.

    Chunks are worked one after another, and everybody gets their turn. One whose last calls are slow does not
    hold up the next: a task of its own gives it back when all its calls are on record.

    :param stopping: asked before anything is claimed; once true, what is under way is finished and no more.
    """

    def __init__(
        self,
        lane: str,
        twilio: Twilio,
        *,
        clock: Callable[[], datetime],
        stopping: Callable[[], bool],
        trouble: Trouble,
    ) -> None:
        self._lane = lane
        self._twilio = twilio
        self._clock = clock
        self._stopping = stopping
        self._trouble = trouble
        self._slots = asyncio.Semaphore(CONCURRENT_CALLS)
        self._under_way = 0
        self._waiting = 0  # calls that are marked and have no slot yet
        self._few_wait = asyncio.Event()
        self._recorder = Recorder(clock=clock, busy=lambda: self._under_way > 0)
        self._held: set[LeasedChunk] = set()
        self._turns = Turns(lane, clock=clock)
        self._seconds_per_call = 0.25  # a running mean, and its first guess
        self._quiet_until = 0.0
        self._shift_ends = time.monotonic() + SHIFT_SECONDS

    async def run(self) -> bool:
        """Drain until nothing is due, the shift is over, or it is told to stop.

        :returns: whether more may be due.
        """
        async with asyncio.TaskGroup() as tasks:
            background = [tasks.create_task(self._recorder.run()), tasks.create_task(self._keep_leases())]
            more = await self._work_chunks()
            for task in background:
                task.cancel()
        return more

    async def _work_chunks(self) -> bool:
        """Work until nothing is due, and everything that we held has been given back."""
        async with asyncio.TaskGroup() as tasks:
            closing: set[asyncio.Task[None]] = set()
            while not self._over():
                # Before looking for the next: what is given back while we look may be what we miss.
                closing = {task for task in closing if not task.done()}
                try:
                    turn = await asyncio.to_thread(self._turns.take)
                    if turn is not None:
                        self._held.add(turn.chunk)
                        calls = await self._work(turn, tasks)
                        closing.add(tasks.create_task(self._close(turn.chunk, calls)))
                except OperationalError as error:
                    # What is under way may still be written; a sweep has the rest sent later.
                    log.warning("claiming_stopped", lane=self._lane, error=str(error.orig))
                    return False
                except Exception:  # going down with it, we would make unknowns of the calls under way
                    log.exception("claiming_failed", lane=self._lane)
                    return False
                if turn is None and not await self._wait(closing):
                    return False
        return not self._stopping()

    def _over(self) -> bool:
        return self._stopping() or time.monotonic() > self._shift_ends

    async def _wait(self, closing: set[asyncio.Task[None]]) -> bool:
        """Wait until something may be due again; False when that is not for us to wait for.

        What we still hold may be, once it is given back; and what a sender's rate holds up. The lane of the
        notices does not wait for a rate, because it has other work: a sweep wakes it again.
        """
        rest = self._turns.rest() if self._lane == BULK else None
        if rest is not None:
            rest = min(rest, LONGEST_REST_SECONDS)
        if closing:
            await asyncio.wait(closing, timeout=rest, return_when=asyncio.FIRST_COMPLETED)
        elif rest is not None:
            await asyncio.sleep(rest)
        return bool(closing) or rest is not None

    async def _work(self, turn: Turn, tasks: asyncio.TaskGroup) -> list[asyncio.Task[None]]:
        """Mark every call of a chunk that is due and allowed; returns the calls, some still under way."""
        calls: list[asyncio.Task[None]] = []
        chunk = turn.chunk
        while chunk in self._held and not self._over():
            await self._until_few_wait()
            if not await self._quiet_is_over():
                break
            try:
                marked, until = await self._mark(turn)
            except LeaseLost:
                self._held.discard(chunk)
                log.warning("lease_lost", chunk_id=str(chunk.lease.id))
                break
            if not marked.calls and not marked.not_called:
                break
            self._waiting += len(marked.calls)
            calls += [tasks.create_task(self._call(chunk, call, until)) for call in marked.calls]
            if turn.allowance is not None:
                break
        return calls

    async def _quiet_is_over(self) -> bool:
        """Wait until calls may be made; False when the shift ends or we are told to stop before that."""
        while (left := self._quiet_for()) > 0:
            if self._over():
                return False
            await asyncio.sleep(min(left, PAUSE_SECONDS))
        return True

    def _quiet_for(self) -> float:
        """Seconds until calls may be made; while there is trouble, none is while others may get no answer."""
        if self._trouble.lasts and (self._under_way or self._waiting):
            return PAUSE_SECONDS
        return max(self._quiet_until, self._trouble.until) - time.monotonic()

    async def _until_few_wait(self) -> None:
        """Wait until so few marked calls wait for a slot that it is time to mark more."""
        while self._waiting > min(AHEAD, self._in_time() // 2):
            self._few_wait.clear()
            await self._few_wait.wait()

    def _in_time(self) -> int:
        """How many calls are begun while a mark holds, by Little's law."""
        return int(CONCURRENT_CALLS / self._seconds_per_call * MARK_HOLDS_SECONDS)

    async def _mark(self, turn: Turn) -> tuple[Slice, float]:
        """Mark a slice; returns it and until when its calls may begin."""
        most = 1 if self._trouble.lasts else max(1, self._in_time() - self._waiting)

        def mark() -> tuple[Slice, float]:
            with db.transaction() as session:
                marked = chunks.mark(
                    session, turn.chunk.lease, most=most, now=self._clock(), allowance=turn.allowance
                )
            until = time.monotonic() + MARK_HOLDS_SECONDS
            if turn.allowance is not None:
                throttle.put_back(turn.chunk.sender_id, turn.allowance - marked.segments)
            return marked, until

        return await asyncio.to_thread(mark)

    async def _call(self, chunk: LeasedChunk, call: Call, until: float) -> None:
        """Make one call when there is a slot for it, and have its result written."""
        await self._slots.acquire()
        self._waiting -= 1
        if self._waiting <= AHEAD:
            self._few_wait.set()
        self._under_way += 1
        try:
            if (began := time.monotonic()) > until:
                step = back(call, at=self._clock(), wait=0.0, why="not called in time")
            elif self._trouble.lasts and self._under_way > 1:  # it was marked before that began
                step = back(call, at=self._clock(), wait=0.0, why="Twilio does not answer")
            else:
                outcome = await self._twilio.send(self._text(chunk, call))
                seconds = time.monotonic() - began
                self._learn(outcome, seconds)
                metrics.CALL_SECONDS.labels(self._lane).observe(seconds)
                metrics.CALLS.labels(type(outcome).__name__, getattr(outcome, "code", "")).inc()
                step = step_of(call, outcome, at=self._clock())
        finally:
            self._under_way -= 1
            self._slots.release()
        await self._recorder.record(step)

    def _text(self, chunk: LeasedChunk, call: Call) -> Text:
        validity = None if call.expires_at is None else int((call.expires_at - self._clock()).total_seconds())
        return Text(call.message_id, call.to, chunk.sender, call.body, validity, call.media)

    def _learn(self, outcome: Outcome, seconds: float) -> None:
        self._trouble.note(outcome)
        self._seconds_per_call += 0.05 * (max(seconds, 0.001) - self._seconds_per_call)
        if isinstance(outcome, RateLimited | Unreachable):
            asked = outcome.retry_after if isinstance(outcome, RateLimited) else None
            pause = min(asked or PAUSE_SECONDS, LONGEST_PAUSE_SECONDS)
            self._quiet_until = max(self._quiet_until, time.monotonic() + pause)
            log.info("sending_paused", seconds=pause, outcome=str(outcome))

    async def _close(self, chunk: LeasedChunk, calls: list[asyncio.Task[None]]) -> None:
        """Give a chunk back once its calls are on record."""
        await asyncio.gather(*calls)

        def put_down() -> None:
            with db.transaction() as session:
                chunks.put_down(session, chunk.lease, now=self._clock())

        self._held.discard(chunk)
        try:
            await asyncio.to_thread(put_down)
        except LeaseLost:
            log.warning("lease_lost", chunk_id=str(chunk.lease.id))
        except OperationalError as error:  # the lease will run out; the calls of other chunks must go on
            log.warning("chunk_not_given_back", chunk_id=str(chunk.lease.id), error=str(error.orig))

    async def _keep_leases(self) -> None:
        """Renew the leases of chunks whose calls are slow, until cancelled."""
        while True:
            await asyncio.sleep(settings().lease_seconds / 3)
            for chunk in tuple(self._held):
                await asyncio.to_thread(self._renew, chunk)

    def _renew(self, chunk: LeasedChunk) -> None:
        try:
            with db.transaction() as session:
                chunks.renew(session, chunk.lease)
        except LeaseLost:
            self._held.discard(chunk)
        except OperationalError as error:
            log.warning("lease_not_renewed", chunk_id=str(chunk.lease.id), error=str(error.orig))
