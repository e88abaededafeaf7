"""What has failed is left alone for a while, and tried again by one."""

from __future__ import annotations

import time

from bot.breaker import Breaker


def test_what_has_failed_is_left_alone_until_one_caller_tries_it_again() -> None:
    breaker = Breaker(0.05)
    assert breaker.lets_through()
    breaker.failed()
    failed_at = time.monotonic()
    while not breaker.lets_through():
        assert time.monotonic() < failed_at + 5
    assert time.monotonic() >= failed_at + 0.05
    assert not breaker.lets_through(), "somebody is trying already"
    breaker.answered()
    assert breaker.lets_through()
    assert breaker.lets_through()
