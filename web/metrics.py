"""``GET /metrics`` for Prometheus: what the processes of this host counted, and what waits in the database.

What waits is asked of rows, so it is right whichever process answers and however often they were started
again. It is read at most once in some seconds by each process, by indexes of what waits.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import datetime

import structlog
from flask import Blueprint, Flask, Response, g, request
from flask.typing import ResponseReturnValue
from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector
from redis import RedisError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from bot import db, jobs, metrics
from bot.announcements.pace import pace
from bot.clock import utc_now
from bot.events import queries as events
from bot.messaging import backlog
from bot.sweeps import is_sweeping
from web import access

#: How long what was read of the database holds: many scrapes cost it no more than one.
HOLDS_SECONDS = 5.0
#: No read of it may hold up Postgres for longer.
READ_MILLISECONDS = 3_000

routes = Blueprint("metrics", __name__)
log = structlog.get_logger()


@routes.get("/metrics")
@access.anyone("sums over all clients, without a number, a name or an id; keep it inside at your proxy")
def page() -> ResponseReturnValue:
    """Answer in Prometheus's text format."""
    return Response(generate_latest(_registry), content_type=CONTENT_TYPE_LATEST)


def install(app: Flask) -> None:
    """Measure how long webhooks take, and count as a web process."""
    metrics.begin("web")
    app.after_request(_observe)
    app.register_blueprint(routes)


def _observe(response: Response) -> Response:
    if request.blueprint == "twilio":
        webhook = str(request.endpoint).rpartition(".")[2]
        seconds = time.perf_counter() - g.began
        metrics.WEBHOOK_SECONDS.labels(webhook, response.status_code).observe(seconds)
    return response


class Rows(Collector):
    """What the database and Redis say at this moment, or said some seconds ago."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._read_at = -HOLDS_SECONDS
        self._read: list[Metric] = []

    def describe(self) -> Iterable[Metric]:
        """Nothing: being registered must not read the database."""
        return []

    def collect(self) -> Iterable[Metric]:
        """Read, unless that was done a moment ago."""
        with self._lock:
            if time.monotonic() - self._read_at >= HOLDS_SECONDS:
                self._read = [*_of_database(utc_now()), *_of_redis()]
                self._read_at = time.monotonic()
            return self._read


def _of_database(now: datetime) -> list[Metric]:
    up = _gauge("database_up", "Whether the database could be read.")
    found: list[Metric] = [up]
    try:
        with db.transaction() as session:
            session.execute(text(f"SET LOCAL statement_timeout = {READ_MILLISECONDS}"))
            found += [*_queues(session, now), *_announcements(session, now), *_events(session, now)]
            found.append(_gauge("sweeper_up", "Whether some worker sweeps.", float(is_sweeping(session))))
        up.add_metric([], 1)
    except SQLAlchemyError as error:
        log.warning("metrics_not_read", error=str(error))
        up.add_metric([], 0)
    return found


def _queues(session: Session, now: datetime) -> Iterator[Metric]:
    lanes = backlog.lanes(session, now=now)
    chunks = _gauge("queue_chunks", "Chunks of messages that are due.", labels=["lane", "state"])
    age = _gauge("queue_age_seconds", "Since when a chunk has waited for a worker.", labels=["lane"])
    for name in jobs.LANES:
        lane = lanes.get(name, backlog.Lane())
        chunks.add_metric([name, "waiting"], lane.waiting.count)
        chunks.add_metric([name, "held"], lane.held)
        chunks.add_metric([name, "paused"], lane.paused)
        chunks.add_metric([name, "abandoned"], lane.abandoned)
        age.add_metric([name], _age(lane.waiting.since, now))
    yield from (chunks, age)
    paused = len(backlog.paused_senders(session))
    yield _gauge("senders_paused", "Senders that wait for an operator (`senders list`).", paused)
    receipts, unknowns = backlog.receipts(session), backlog.unknowns(session)
    yield _gauge("receipts_waiting", "Receipts that are not applied yet.", receipts.count)
    yield _gauge("receipts_lag_seconds", "Since when the oldest of them waits.", _age(receipts.since, now))
    yield _gauge("unknown_messages", "Messages that may have been sent or not.", unknowns.count)
    yield _gauge("unknown_age_seconds", "Since when the oldest is unknown.", _age(unknowns.since, now))


def _announcements(session: Session, now: datetime) -> Iterator[Metric]:
    found = pace(session, now=now)
    seconds = _gauge(
        "confirm_to_last_seconds",
        "From CONFIRM until the last recipient's text was taken, of the last day's announcements.",
        labels=["of"],
    )
    for name, value in (("median", found.median), ("slowest", found.slowest)):
        if value is not None:
            seconds.add_metric([name], value)
    yield seconds
    yield _gauge("announcements_sent", "Announcements confirmed in the last day and sent.", found.sent)
    yield _gauge("announcements_under_way", "Those not sent to everybody yet.", found.under_way)
    longest = found.longest_under_way or 0.0
    yield _gauge("announcement_under_way_seconds", "Since the CONFIRM of the oldest of these.", longest)


def _events(session: Session, now: datetime) -> Iterator[Metric]:
    found = events.backlog(session)
    yield _gauge("events_waiting", "Events that are not handled yet.", found.undispatched)
    yield _gauge("events_age_seconds", "Since when the oldest of them waits.", _age(found.since, now))
    yield _gauge("events_dead", "Events that a handler gave up (`events dead` lists them).", found.dead)


def _of_redis() -> Iterator[Metric]:
    up = _gauge("redis_up", "Whether Redis answers.")
    lanes = _gauge("lanes_up", "Processes that work a lane.", labels=["lane"])
    answered = False
    with suppress(RedisError):
        for lane, running in jobs.lanes_up().items():
            lanes.add_metric([lane], running)
        answered = True
    up.add_metric([], float(answered))
    yield from (up, lanes)


def _gauge(
    name: str, documentation: str, value: float | None = None, labels: list[str] | None = None
) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"nudges_{name}", documentation, value=value, labels=labels)


def _age(since: datetime | None, now: datetime) -> float:
    return 0.0 if since is None else max(0.0, (now - since).total_seconds())


_registry = CollectorRegistry()
_registry.register(Rows())
_registry.register(metrics.OfThisHost())
