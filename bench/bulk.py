"""Texts a second and CPU per text through one worker, beside a bare ceiling and what people write today.

    python -m bench.bulk [--runs N] [--texts N]

Run by hand. Twilio is the stand-in, which answers at once, or after 80 ms; its own share of a core is
printed, and it posts no receipts. Ours is `python worker.py --lanes bulk`, from a committed audience to the
last result on record. The ceiling is aiohttp sending the same bodies over as many connections, with no
database at all. The habit is one RQ job per recipient that calls `client.messages.create` (bench/habit.py).
"""

from __future__ import annotations

import argparse
import asyncio
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlencode

import aiohttp
from rq import Queue
from sqlalchemy import text

from bench import crowd, habit, rig
from bot import db, jobs
from bot.announcements.jobs import fan_out
from bot.config import settings
from bot.messaging.drain import CONCURRENT_CALLS
from simulator.twilio.client import StandIn, running


def main() -> None:
    """Run it and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--texts", type=int, default=10_000)
    options = parser.parse_args()
    with rig.installation(), stand_in() as twilio:
        crowd.gather(options.texts)
        for milliseconds in (0, 80):
            measure(twilio, milliseconds, options)


@contextmanager
def stand_in() -> Iterator[StandIn]:
    """Twilio, as these settings know it."""
    with running(
        *("--account-sid", settings().twilio_account_sid),
        *("--auth-token", settings().twilio_auth_token.get_secret_value()),
        *("--messaging-service-sid", settings().twilio_messaging_service_sid),
    ) as started:
        os.environ["TWILIO_API_BASE_URL"] = started.url
        settings.cache_clear()
        started.configure(seconds_to_deliver=0)
        yield started


def begin(twilio: StandIn, milliseconds: int) -> None:
    """Let the stand-in forget, post no receipts, and answer after so long."""
    twilio.reset()
    twilio.fail("missing_receipts")
    if milliseconds:
        twilio.fail("slow", seconds=milliseconds / 1000)


def measure(twilio: StandIn, milliseconds: int, options: argparse.Namespace) -> None:
    """All three at one latency, in turns."""
    ours: list[float] = []
    bare: list[float] = []
    cpu: list[float] = []
    bare_cpu: list[float] = []
    for _ in range(options.runs):
        rate, each = through_worker(twilio, milliseconds, options.texts)
        ours.append(rate)
        cpu.append(each)
        rate, each = ceiling(twilio, milliseconds, options.texts)
        bare.append(rate)
        bare_cpu.append(each)
    jobs_a_second = a_job_each(twilio, milliseconds, 60)
    ratio = rig.median(ours) / rig.median(bare)
    times = rig.median(ours) / jobs_a_second
    print()
    rig.row(
        f"bulk, {milliseconds} ms",
        f"{rig.spread(ours)}/s",
        f"bare aiohttp {rig.spread(bare)}/s",
        f"{ratio:.2f}",
    )
    rig.row(
        f"CPU per text, {milliseconds} ms", f"{rig.spread(cpu)} µs", f"bare {rig.spread(bare_cpu)} µs",
        f"{rig.median(cpu) / rig.median(bare_cpu):.1f}",
    )  # fmt: skip
    rig.row(
        f"bulk, {milliseconds} ms",
        f"{rig.median(ours):,.0f}/s",
        f"a job each {jobs_a_second:,.0f}/s",
        f"{times:,.0f}×",
    )
    print(flush=True)


def through_worker(twilio: StandIn, milliseconds: int, texts: int) -> tuple[float, float]:
    """Texts a second and CPU microseconds per text of one worker with one bulk process."""
    begin(twilio, milliseconds)
    with rig.process("worker.py", "--lanes", "bulk") as worker:
        while not jobs.lanes_up()["bulk"]:
            time.sleep(0.05)
        before, cpu_before = twilio.stats()["cpu_seconds"], rig.Cpu.now(worker=worker)
        announcement = crowd.draft_and_confirm()
        began = time.perf_counter()
        jobs.enqueue(jobs.BULK, fan_out, str(announcement))
        while unsent(announcement):
            time.sleep(0.02)
        seconds = time.perf_counter() - began
        shares = rig.Cpu.now(worker=worker)
    spent = shares.parts["worker"] - cpu_before.parts["worker"]
    share = (twilio.stats()["cpu_seconds"] - before) / seconds
    print(
        f"ours: {texts / seconds:,.0f}/s; of a core: {shares.since(cpu_before, seconds)}, "
        f"stand-in {share:.0%}",
        flush=True,
    )
    return texts / seconds, 1e6 * spent / texts


def unsent(announcement: object) -> bool:
    """Whether the announcement is still being written or sent."""
    with db.engine().connect() as connection:
        return bool(
            connection.execute(
                text(
                    "SELECT fanned_out_at IS NULL OR EXISTS ("
                    "SELECT FROM chunk WHERE source_id = announcement.id"
                    " AND finished_at IS NULL) FROM announcement WHERE id = :it"
                ),
                {"it": announcement},
            ).scalar_one()
        )


def ceiling(twilio: StandIn, milliseconds: int, texts: int) -> tuple[float, float]:
    """The same bodies over as many connections, by aiohttp alone."""
    begin(twilio, milliseconds)
    url = f"{twilio.url}/2010-04-01/Accounts/{settings().twilio_account_sid}/Messages.json"
    auth = aiohttp.encode_basic_auth(
        settings().twilio_account_sid, settings().twilio_auth_token.get_secret_value()
    )
    headers = {"Authorization": auth, "Content-Type": "application/x-www-form-urlencoded"}
    forms = [
        urlencode(
            {
                "To": crowd.number_of(place), "Body": habit.BODY, "ValidityPeriod": 36000,
                "MessagingServiceSid": settings().twilio_messaging_service_sid,
                "StatusCallback": f"{settings().public_url}/webhooks/twilio/status?m={place:036}",
            }
        ).encode()
        for place in range(texts)
    ]  # fmt: skip

    async def send_all() -> None:
        waiting = iter(forms)
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

            async def work() -> None:
                for form in waiting:
                    async with session.post(url, data=form, headers=headers) as answer:
                        assert answer.status == 201, await answer.text()
                        await answer.read()

            await asyncio.gather(*(work() for _ in range(CONCURRENT_CALLS)))

    before, began, cpu = twilio.stats()["cpu_seconds"], time.perf_counter(), time.process_time()
    asyncio.run(send_all())
    seconds, spent = time.perf_counter() - began, time.process_time() - cpu
    share = (twilio.stats()["cpu_seconds"] - before) / seconds
    print(
        f"bare: {texts / seconds:,.0f}/s; of a core: {spent / seconds:.0%}, stand-in {share:.0%}", flush=True
    )
    return texts / seconds, 1e6 * spent / texts


def a_job_each(twilio: StandIn, milliseconds: int, texts: int) -> float:
    """Texts a second of one RQ worker with a job per recipient."""
    begin(twilio, milliseconds)
    queue = Queue(habit.QUEUE, connection=jobs.redis())
    numbers = [crowd.number_of(place) for place in range(texts)]
    queue.enqueue_many([Queue.prepare_data("bench.habit.send_one", (number,)) for number in numbers])
    with rig.process("-m", "bench.habit"):
        while not (first := twilio.count()):
            time.sleep(0.01)
        began = time.perf_counter()
        while (sent := twilio.count()) < texts:
            time.sleep(0.02)
        seconds = time.perf_counter() - began
    print(f"a job each: {(sent - first) / seconds:,.1f}/s", flush=True)
    return (sent - first) / seconds


if __name__ == "__main__":
    main()
