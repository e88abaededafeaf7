"""Whether the work is done: who works, what waits, and for how long."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from bot import db, jobs
from bot.announcements.pace import pace
from bot.clock import utc_now
from bot.events import queries as events
from bot.jobs import BULK, EXPRESS
from bot.messaging import backlog
from bot.sweeps import is_sweeping
from web.checks import Finding

#: How long a chunk of messages may wait for a worker, per lane.
PATIENCE = {EXPRESS: timedelta(minutes=1), BULK: timedelta(hours=1)}
UNKNOWN_PATIENCE = timedelta(minutes=30)
OTHER_PATIENCE = timedelta(minutes=5)


def workers() -> Iterator[Finding]:
    """Is every lane worked?"""
    for lane, processes in jobs.lanes_up().items():
        do = (
            None
            if processes
            else "Start `python worker.py`; one that was killed is seen as gone after minutes."
        )
        yield Finding("worker", f"{processes} working the lane {lane}", do)


def sweeper() -> Iterator[Finding]:
    """Does some worker look after what was lost?"""
    with db.transaction() as session:
        sweeps = is_sweeping(session)
    if sweeps:
        yield Finding("sweeper", "some worker sweeps")
    else:
        yield Finding(
            "sweeper", "nobody sweeps", "Start `python worker.py`: each has a sweeper, and one sweeps."
        )


def queues() -> Iterator[Finding]:
    """Does anything wait for too long?"""
    now = utc_now()
    with db.transaction() as session:
        lanes = backlog.lanes(session, now=now)
        waits = {
            "receipts": (backlog.receipts(session).since, OTHER_PATIENCE),
            "unknown messages": (backlog.unknowns(session).since, UNKNOWN_PATIENCE),
        }
        found = events.backlog(session)
        under_way = pace(session, now=now).longest_under_way
        paused = backlog.paused_senders(session)
    for lane, patience in PATIENCE.items():
        waits[f"chunks of {lane}"] = (lanes.get(lane, backlog.Lane()).waiting.since, patience)
    waits["events"] = (found.since, OTHER_PATIENCE)
    waits["announcements"] = (
        None if under_way is None else now - timedelta(seconds=under_way),
        PATIENCE[BULK],
    )
    for subject, (since, patience) in waits.items():
        yield _waiting(subject, since, patience, now)
    for sender in paused:
        do = f"Put it right at Twilio, then `flask --app wsgi senders resume {sender.provider_id}`."
        yield Finding("senders", f"{sender.provider_id} is paused: {sender.paused_reason}", do)
    if found.dead:
        yield Finding("events", f"{found.dead} were given up", "`flask --app wsgi events dead` says why.")


_TO_DO = {
    "receipts": "Is the lane express worked? Its log says what it trips over.",
    "unknown messages": "`flask --app wsgi messages unknown list` names those that you may decide about.",
    "events": "Is the lane express worked? Its log says what it trips over.",
    "announcements": "`flask --app wsgi announcements list`, then `show ID`: who holds its chunks?",
}


def _waiting(subject: str, since: datetime | None, patience: timedelta, now: datetime) -> Finding:
    if since is None:
        return Finding("queues", f"no {subject} wait")
    seconds = (now - since).total_seconds()
    seen = f"{subject} wait since {seconds:,.0f} s"
    if seconds <= patience.total_seconds():
        return Finding("queues", seen)
    return Finding("queues", seen, _TO_DO.get(subject, "Start more workers: `python worker.py --bulk N`."))
