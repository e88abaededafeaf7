"""Throttle: how many segments a sender may send now, whichever process sends them.

Each sender with a rate has a bucket in Redis that fills at that rate, up to one second's worth and a part
that is kept for the express lane, so that a code does not wait behind a broadcast. A new bucket holds that
part only: a flush of Redis makes the sender a little slower for a second, and faster by that part at most.

While Redis is away, senders with a rate wait. No job starts without Redis either, so that only ends a shift
that was under way; each process going by a bucket of its own would break the promise to the carrier.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from functools import lru_cache

from redis import Redis
from redis.commands.core import Script

from bot import jobs

#: Redis that is away is asked again after this long.
AWAY_SECONDS = 1.0

# Redis tells the time, so that processes on two machines agree. Tokens may be fewer than none: the last text
# of a grant may be longer than what was left.
_TAKE = """
local rate, kept, keep, least = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local bucket = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens = tonumber(bucket[1] or kept)
local passed = math.max(0, now - tonumber(bucket[2] or now))
tokens = math.min(rate + kept, tokens + passed * rate / 1000)
local free = math.floor(tokens - keep)
local granted = 0
if free >= least then granted = math.min(free, rate) end
redis.call('HSET', KEYS[1], 'tokens', tokens - granted, 'at', now)
redis.call('PEXPIRE', KEYS[1], 3600000)
return {granted, math.ceil(math.max(0, least + keep - tokens) * 1000 / rate)}
"""


@dataclass(frozen=True)
class Grant:
    """How many segments may be sent now; none: how many seconds to wait before asking again."""

    segments: int
    wait: float = 0.0


def reserve(limit: int) -> int:
    """The part of a rate or cap that is kept for the express lane: a twentieth, and one segment at least."""
    return max(1, limit // 20)


def take(sender_id: uuid.UUID, rate: int, *, lane: str) -> Grant:
    """Take what a sender may send now: up to a second's worth, and for a broadcast a quarter at least.

    Smaller grants would lease and mark more often than they send. The last text may be longer than what is
    left of the grant; :func:`put_back` puts that right.

    :param rate: segments per second.
    """
    express = lane == jobs.EXPRESS
    kept = reserve(rate)
    terms = [rate, kept, 0 if express else kept, 1 if express else max(1, rate // 4)]
    answer = jobs.ask(
        lambda redis: _script(redis)(keys=[_bucket(sender_id)], args=terms),
        otherwise=None,
        complaint="sender_not_throttled",
    )
    if answer is None:
        return Grant(0, AWAY_SECONDS)
    segments, milliseconds = answer
    return Grant(segments, milliseconds / 1000)


def put_back(sender_id: uuid.UUID, segments: int) -> None:
    """Put back what was not used; a negative number takes what was used beyond the grant."""
    if segments:
        jobs.ask(
            lambda redis: redis.hincrbyfloat(_bucket(sender_id), "tokens", segments),
            otherwise=None,
            complaint="segments_not_put_back",
        )


@lru_cache(maxsize=1)
def _script(redis: Redis) -> Script:
    return redis.register_script(_TAKE)


def _bucket(sender_id: uuid.UUID) -> str:
    return f"nudges:throttle:{sender_id}"
