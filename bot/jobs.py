"""Jobs: which queues there are, which lanes work them, and enqueueing after commit.

A job carries only ids; the truth is in Postgres. If Redis can't be reached, the job is lost and that is all:
a sweep finds the row it would have worked on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from functools import lru_cache
from typing import Any, TypeVar, cast

import structlog
from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.client import Pipeline
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.retry import Retry
from rq import Queue
from sqlalchemy.orm import Session

from bot import db
from bot.breaker import Breaker
from bot.clock import utc_now
from bot.config import settings

Found = TypeVar("Found")

log = structlog.get_logger()

EXPRESS = "express"  # notices and codes: somebody is waiting
DEFAULT = "default"  # events, receipts
BULK = "bulk"  # broadcasts

#: A Redis that failed is left alone for this long. One that hangs would otherwise cost every webhook its
#: timeout, and soon all threads would wait for it and none for Twilio.
LEFT_ALONE_SECONDS = 5.0

#: A job that finds more and more to do enqueues itself again after this long: the queue before its own in its
#: lane, where somebody is waiting, then has its turn.
TURN_SECONDS = 1.0

#: Each lane is worked by processes of its own, so that a reply never waits behind a broadcast.
LANES: dict[str, tuple[str, ...]] = {"express": (EXPRESS, DEFAULT), "bulk": (BULK,)}

#: A lane is heard of every 45 seconds, or after the minute at most that it has been sending.
SILENT = timedelta(minutes=3)

_LANES_UP = "nudges:lanes-up"


@lru_cache(maxsize=1)
def redis() -> Redis:
    """The Redis connection pool of this process. It gives up quickly: nobody may wait for Redis to reply.

    A lost connection is tried once more, because Redis closes idle ones; a Redis that hangs is not, where
    redis-py would try three times more.
    """
    return Redis.from_url(
        settings().redis_url,
        socket_timeout=2,
        socket_connect_timeout=1,
        retry=Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,)),
    )


def defer(session: Session, queue: str, function: Callable[..., Any], *ids: str) -> None:
    """Enqueue ``function(*ids)`` once the session's transaction is committed."""
    db.after_commit(session, lambda: enqueue(queue, function, *ids))


def enqueue(queue: str, function: Callable[..., Any], *ids: str) -> None:
    """Enqueue ``function(*ids)`` now; an unreachable Redis is logged and left to the sweeps."""
    ask(
        lambda redis: Queue(queue, connection=redis).enqueue(
            function,
            args=ids,
            # No alarm: in the middle of a batch of sends it would make unknowns of them. What a job waits
            # for has its own timeout.
            job_timeout=-1,
            result_ttl=60,
            failure_ttl=86_400,
        ),
        otherwise=None,
        complaint="job_not_enqueued",
        queue=queue,
        function=function.__name__,
        ids=ids,
    )


def ask(call: Callable[[Redis], Found], *, otherwise: Found, complaint: str, **context: object) -> Found:
    """Ask Redis for something that we can do without: ``otherwise`` is the answer when it gives none.

    That is logged as ``complaint``, with the context. For a few seconds after that, Redis is not even asked.
    """
    client = redis()
    breaker = _breaker(client)
    if not breaker.lets_through():
        return otherwise
    try:
        found = call(client)
    except RedisError as error:
        breaker.failed()
        log.warning(complaint, error=str(error), left_alone=LEFT_ALONE_SECONDS, **context)
        return otherwise
    breaker.answered()
    return found


def lane_lives(connection: Redis | Pipeline, lane: str, process: str) -> None:
    """Note that a process works a lane; it tells again at least every :data:`SILENT`, or counts as gone.

    RQ's own list of workers does not come back after Redis was emptied.
    """
    connection.zadd(_LANES_UP, {f"{lane}/{process}": utc_now().timestamp()})


def lane_ends(connection: Redis, lane: str, process: str) -> None:
    """Note that a process works a lane no more."""
    connection.zrem(_LANES_UP, f"{lane}/{process}")


def lanes_up() -> dict[str, int]:
    """How many processes work each lane.

    :raises RedisError: Redis does not answer.
    """
    redis().zremrangebyscore(_LANES_UP, 0, (utc_now() - SILENT).timestamp())
    members = cast(list[bytes], redis().zrange(_LANES_UP, 0, -1))
    found = Counter(member.decode().partition("/")[0] for member in members)
    return {lane: found[lane] for lane in LANES}


@lru_cache(maxsize=1)
def _breaker(_client: Redis) -> Breaker:
    return Breaker(LEFT_ALONE_SECONDS)
