"""Ids: UUIDv7, so that rows made later sort later and indexes grow at one end."""

from __future__ import annotations

import hashlib
import os
import time
import uuid
from datetime import datetime


def uuid7() -> uuid.UUID:
    """Make a UUIDv7 (RFC 9562 section 5.7): 48 bits of Unix milliseconds, then 74 random bits."""
    milliseconds = time.time_ns() // 1_000_000
    random = int.from_bytes(os.urandom(10), "big")
    value = (milliseconds & 0xFFFF_FFFF_FFFF) << 80
    value |= 0x7 << 76 | (random >> 68 & 0xFFF) << 64
    value |= 0b10 << 62 | (random & 0x3FFF_FFFF_FFFF_FFFF)
    return uuid.UUID(int=value)


def lowest_id_at(moment: datetime) -> uuid.UUID:
    """The bound between the UUIDv7 made before a moment, which are less, and those made from then on."""
    return uuid.UUID(int=int(moment.timestamp() * 1000) << 80)


def idempotency_key(*parts: object) -> uuid.UUID:
    """Name one effect for good: the same parts always give the same key.

    It is MD5 over the parts joined by ``:``, because Postgres can compute just that in an
    ``INSERT … SELECT``. It guards against repeats, not against an adversary.
    """
    text = ":".join(str(part) for part in parts)
    return uuid.UUID(bytes=hashlib.md5(text.encode(), usedforsecurity=False).digest())
