"""When texts came by the clock that jumps, though the stand-in dates them by the system's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from simulator.clock import Clock
from simulator.phones.book import Book
from simulator.phones.moments import Moments

DAY = timedelta(days=1)


def test_what_happened_before_a_jump_keeps_its_time(tmp_path: Path) -> None:
    clock = Clock(tmp_path / "clock")
    clock.jump(DAY)  # in an earlier run
    moments = Moments(clock)
    before = datetime.now(UTC)
    moments.jump(DAY)
    after = datetime.now(UTC)
    moments.jump(timedelta(hours=1))
    assert datetime.fromisoformat(moments.by_the_clock(before.isoformat())) == pytest.approx(
        before + DAY, abs=timedelta(milliseconds=1)
    )
    assert datetime.fromisoformat(moments.by_the_clock(after.isoformat())) == pytest.approx(
        after + 2 * DAY, abs=timedelta(milliseconds=1)
    )
    assert moments.ahead == 2 * DAY + timedelta(hours=1)


def test_phones_stay_on_the_page_from_run_to_run(tmp_path: Path) -> None:
    book = Book(tmp_path / "phones.json")
    size = len(book.phones())
    added = book.add("  Mia  ", "")
    assert (added.name, added.number) == ("Mia", "+15550100009"), "the first number that is free"
    book.remove("+15550100002")
    names = [phone.name for phone in Book(tmp_path / "phones.json").phones()]
    assert len(names) == size
    assert "Sam" not in names
    assert names[-1] == "Mia"
