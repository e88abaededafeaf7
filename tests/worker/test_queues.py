"""Every queue has a lane, and every job goes to a queue."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot import jobs, sweeps
from bot.announcements import sweeps as announcement_sweeps
from bot.audience import sweeps as audience_sweeps
from bot.events import sweeps as event_sweeps
from bot.messaging import sweeps as messaging_sweeps

QUEUES = {"EXPRESS": jobs.EXPRESS, "DEFAULT": jobs.DEFAULT, "BULK": jobs.BULK}


def calls(project_root: Path) -> Iterator[tuple[str, ast.Call]]:
    """Every call that names a queue: jobs.defer(session, queue, job, …) and jobs.enqueue(queue, job, …)."""
    for folder in ("bot", "flows", "web"):
        for file in sorted((project_root / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.Call) and ast.unparse(node.func) in {"jobs.defer", "jobs.enqueue"}:
                    yield f"{file.relative_to(project_root)}:{node.lineno}", node


def test_every_queue_is_worked_by_exactly_one_lane() -> None:
    worked = [queue for lane in jobs.LANES.values() for queue in lane]
    assert sorted(worked) == sorted(QUEUES.values())


def test_every_job_in_the_code_goes_to_a_queue_that_a_lane_works(project_root: Path) -> None:
    names = {*QUEUES, "lane"}  # messaging wakes the senders of each lane in a loop
    found = list(calls(project_root))
    assert len(found) >= 5
    for where, call in found:
        queue = call.args[1 if ast.unparse(call.func) == "jobs.defer" else 0]
        assert ast.unparse(queue).removeprefix("jobs.") in names, f"{where} names no queue of bot.jobs"


@pytest.mark.parametrize(
    "module", [announcement_sweeps, audience_sweeps, event_sweeps, messaging_sweeps], ids=lambda m: m.__name__
)
def test_every_sweep_that_a_domain_has_is_run(module: object) -> None:
    functions = {
        function
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if not name.startswith("_") and inspect.getmodule(function) is module
    }
    assert functions
    assert functions <= {sweep.run for sweep in sweeps.SWEEPS}
