"""`make demo`: it ends with 0 when every text arrived, and says what is wrong when something broke."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import psutil
import pytest

from simulator.stack import PROJECT


@pytest.fixture
def demo() -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-m", "simulator", "demo"],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as running:
        yield running
        running.kill()


def test_the_demo_ends_well_when_every_text_arrived(demo: subprocess.Popen[str]) -> None:
    output, _ = demo.communicate(timeout=100)
    assert demo.returncode == 0, output
    assert "done. 6 delivered." in output
    assert output.endswith("Every text arrived once, in the right language.\n")


def test_a_demo_without_its_worker_fails_and_names_it(demo: subprocess.Popen[str]) -> None:
    assert demo.stdout is not None
    for line in demo.stdout:
        if "joins." in line:
            break
    next(child for child in psutil.Process(demo.pid).children() if child.cmdline()[-1] == "worker.py").kill()
    output, _ = demo.communicate(timeout=100)
    assert demo.returncode == 1, output
    assert "did not come to its end: worker" in output
