"""The clock that can jump ahead, and programs that go by it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from simulator.clock import Clock
from simulator.stack import PROJECT

DAY = timedelta(days=1)
A_MINUTE = timedelta(minutes=1)

# Tells the time in a forked child, for each line that it is sent, as a worker's lanes would.
PROGRAM = """
import os, sys
from bot.clock import utc_now
if os.fork():
    os.wait()
else:
    for line in sys.stdin:
        print(utc_now().isoformat(), sys.argv[1], flush=True)
"""


@pytest.fixture
def clock(tmp_path: Path) -> Clock:
    return Clock(tmp_path / "clock")


@pytest.fixture
def told(clock: Clock, tmp_path: Path) -> Iterator[Callable[[], datetime]]:
    """What time it is for a program that was started by the launcher."""
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    with subprocess.Popen(
        [sys.executable, "-m", "simulator.clocked", clock.path, program, "argument"],
        cwd=PROJECT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:

        def ask() -> datetime:
            assert process.stdin is not None
            assert process.stdout is not None
            print("?", file=process.stdin, flush=True)
            moment, argument = process.stdout.readline().split()
            assert argument == "argument"
            return datetime.fromisoformat(moment)

        yield ask
        process.communicate(timeout=10)


def is_near(moment: datetime, other: datetime) -> bool:
    return abs(moment - other) < A_MINUTE


def test_it_tells_the_time_of_the_system_until_it_jumps(clock: Clock) -> None:
    assert is_near(clock.now(), datetime.now(UTC))
    clock.jump(DAY)
    clock.jump(timedelta(hours=1))
    assert clock.ahead == timedelta(hours=25)
    assert is_near(clock.now(), datetime.now(UTC) + timedelta(hours=25))
    assert is_near(Clock(clock.path).now(), clock.now()), "the next run goes on from there"


def test_it_never_goes_back(clock: Clock) -> None:
    clock.jump(DAY)
    with pytest.raises(ValueError, match="never back"):
        clock.jump(-DAY)
    assert clock.ahead == DAY


def test_a_program_and_what_it_forks_jump_with_it(clock: Clock, told: Callable[[], datetime]) -> None:
    assert is_near(told(), datetime.now(UTC))
    clock.jump(DAY)
    assert is_near(told(), datetime.now(UTC) + DAY)
    clock.jump(DAY)
    assert is_near(told(), datetime.now(UTC) + 2 * DAY)
