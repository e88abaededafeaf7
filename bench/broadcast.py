"""From CONFIRM to the last recipient, for 1,000, 10,000 and 100,000 of them, with one and two bulk processes.

    python -m bench.broadcast [--runs N] [--sizes 1000,10000,100000] [--milliseconds N]

Run by hand. Twilio is the stand-in, which answers after 80 ms and posts no receipts. The time is the rows'
own: from the announcement's `confirmed_at` to its last chunk's `finished_at`, fan-out included.
"""

from __future__ import annotations

import argparse
import time

from sqlalchemy import text

from bench import crowd, rig
from bench.bulk import begin, stand_in, unsent
from bot import db, jobs
from bot.announcements.jobs import fan_out


def main() -> None:
    """Run it and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--sizes", default="1000,10000,100000")
    parser.add_argument("--milliseconds", type=int, default=80)
    options = parser.parse_args()
    sizes = [int(size) for size in options.sizes.split(",")]
    for size in sizes:
        with rig.installation(), stand_in() as twilio:
            crowd.gather(size)
            took: dict[int, list[float]] = {}
            for processes in (1, 2):
                for _ in range(options.runs):
                    begin(twilio, options.milliseconds)
                    before = twilio.stats()["cpu_seconds"]
                    seconds = announce(processes)
                    share = (twilio.stats()["cpu_seconds"] - before) / seconds
                    print(
                        f"{size:,} with {processes}: {seconds:.1f} s, stand-in {share:.0%} of a core",
                        flush=True,
                    )
                    assert twilio.count() == size, "everybody once"
                    took.setdefault(processes, []).append(seconds)
            one, two = rig.median(took[1]), rig.median(took[2])
            rig.row(
                f"{size:,} recipients", f"1 process {rig.spread(took[1], '.1f')} s, {size / one:,.0f}/s",
                f"2 processes {rig.spread(took[2], '.1f')} s, {size / two:,.0f}/s", f"{one / two:.2f}",
            )  # fmt: skip


def announce(processes: int) -> float:
    """Announce to everybody; gives the seconds from CONFIRM to the last."""
    with rig.process("worker.py", "--bulk", str(processes)):
        while jobs.lanes_up()["bulk"] < processes:
            time.sleep(0.05)
        announcement = crowd.draft_and_confirm()
        jobs.enqueue(jobs.BULK, fan_out, str(announcement))
        while unsent(announcement):
            time.sleep(0.05)
    with db.engine().connect() as connection:
        return float(
            connection.execute(
                text(
                    "SELECT extract(epoch FROM max(finished_at) - confirmed_at) FROM chunk JOIN announcement"
                    " ON announcement.id = source_id WHERE announcement.id = :it GROUP BY confirmed_at"
                ),
                {"it": announcement},
            ).scalar_one()
        )


if __name__ == "__main__":
    main()
