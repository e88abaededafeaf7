"""Recording: what calls taught us, written to the ledger in batches and off the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

import structlog
from sqlalchemy.exc import OperationalError

from bot import db
from bot.messaging import steps
from bot.messaging.steps import Step

log = structlog.get_logger()

#: Steps are written when the oldest has waited this long, there are this many, or no more is coming.
EVERY_SECONDS = 0.1
AT_MOST = 500
#: Waits before each new attempt while the database is away. Nobody else knows these results, so we try hard;
#: after the last one the process gives up, and the calls become unknown when its leases run out.
WAITS_SECONDS = (0.2, 0.5, 1.0, 2.0, 4.0)


class Recorder:
    """Takes steps one by one and writes them together.

    :param busy: tells whether further steps are about to come, so that waiting for them pays.
    """

    def __init__(self, *, clock: Callable[[], datetime], busy: Callable[[], bool]) -> None:
        self._clock = clock
        self._busy = busy
        self._waiting: list[tuple[Step, asyncio.Future[None]]] = []
        self._some = asyncio.Event()
        self._enough = asyncio.Event()

    async def record(self, step: Step) -> None:
        """Have a step written; returns when it is committed."""
        written = asyncio.get_running_loop().create_future()
        self._waiting.append((step, written))
        self._some.set()
        if len(self._waiting) >= AT_MOST or not self._busy():
            self._enough.set()
        await written

    async def run(self) -> None:
        """Write what comes, until cancelled.

        :raises OperationalError: the database stayed away.
        """
        while True:
            batch = await self._next_batch()
            await self._write([step for step, _ in batch])
            for _, written in batch:
                if not written.done():
                    written.set_result(None)

    async def _next_batch(self) -> list[tuple[Step, asyncio.Future[None]]]:
        await self._some.wait()
        # One wait for all: a timeout of each step's own cost as much as a tenth of its call.
        with suppress(TimeoutError):
            async with asyncio.timeout(EVERY_SECONDS):
                await self._enough.wait()
        batch, self._waiting = self._waiting[:AT_MOST], self._waiting[AT_MOST:]
        self._enough.clear()
        if not self._waiting:
            self._some.clear()
        elif len(self._waiting) >= AT_MOST or not self._busy():
            self._enough.set()
        return batch

    async def _write(self, batch: list[Step]) -> None:
        for wait in WAITS_SECONDS:
            try:
                await asyncio.to_thread(self._take, batch)
            except OperationalError as error:
                log.warning("results_not_written", count=len(batch), retry_in=wait, error=str(error.orig))
                await asyncio.sleep(wait)
            else:
                return
        await asyncio.to_thread(self._take, batch)

    def _take(self, batch: list[Step]) -> None:
        with db.transaction() as session:
            steps.take(session, batch, now=self._clock())
