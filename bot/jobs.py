"""Jobs: which queues there are, which lanes work them, and enqueueing after commit.

A job carries only ids; the truth is in Postgres. If Redis can't be reached, the job is lost and that is all:
a sweep finds the row it would have worked on.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import structlog
from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.retry import Retry
from rq import Queue
from sqlalchemy.orm import Session

from bot import db
from bot.config import settings

log = structlog.get_logger()

EXPRESS = "express"  # notices and codes: somebody is waiting
DEFAULT = "default"  # events, receipts
BULK = "bulk"  # broadcasts

#: Each lane is worked by processes of its own, so that a reply never waits behind a broadcast.
LANES: dict[str, tuple[str, ...]] = {"express": (EXPRESS, DEFAULT), "bulk": (BULK,)}


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
    try:
        Queue(queue, connection=redis()).enqueue(
            function,
            args=ids,
            # No alarm: in the middle of a batch of sends it would make unknowns of them. What a job waits
            # for has its own timeout.
            job_timeout=-1,
            result_ttl=60,
            failure_ttl=86_400,
        )
    except RedisError as error:
        log.warning("job_not_enqueued", queue=queue, function=function.__name__, ids=ids, error=str(error))
