"""Bytes per message on disk, and what reading costs when the ledger holds ten million of them.

    python -m bench.size [--messages N] [--recipients N]

Run by hand; ten million take some minutes and about 10 GB. The rows are made by SQL: announcements of the
given number of recipients, each message delivered, with the four steps of history that a delivered text
leaves. Then `announcements show`'s sum, one message by its MessageSid and /metrics' questions are timed.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

from sqlalchemy import text
from sqlalchemy.orm import Session

from bench import crowd, rig
from bot import db
from bot.announcements import fanout
from bot.announcements.pace import pace
from bot.clock import utc_now
from bot.events import queries as events
from bot.messaging import backlog, inspection, queries

TABLES = ("message", "message_history", "rendering", "chunk")
COPY = text("""
    WITH source AS (SELECT nudges_uuid7() AS id), made AS (
        INSERT INTO message (
            id, channel, purpose, client_id, contact_point_id, sender_id, source_type, source_id,
            rendering_id, idempotency_key, chunk_id, position, status, rank, attempts, expires_at, calling_at,
            provider_id, created_at, updated_at)
        SELECT nudges_uuid7(), channel, purpose, client_id, contact_point_id, sender_id, source_type,
            source.id, rendering_id, gen_random_uuid(), chunk_id, position, 'delivered', 90, 1, expires_at,
            :now, 'SM' || replace(gen_random_uuid()::text, '-', ''), :now, :now
        FROM message, source WHERE source_id = :first
        RETURNING id
    )
    INSERT INTO message_history (message_id, status, source, at)
    SELECT made.id, step.status, step.source, :now
    FROM made, (
        VALUES ('calling', 'send'), ('accepted', 'send'), ('sent', 'receipt'), ('delivered', 'receipt')
    ) AS step (status, source)
""")


def main() -> None:
    """Run it and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--messages", type=int, default=10_000_000)
    parser.add_argument("--recipients", type=int, default=10_000)
    options = parser.parse_args()
    with rig.installation():
        crowd.gather(options.recipients)
        first = crowd.draft_and_confirm()
        with db.transaction() as session:
            fanout.fan_out(session, first, now=utc_now())
        began = time.perf_counter()
        for _ in range(options.messages // options.recipients - 1):
            with db.engine().begin() as connection:
                connection.execute(COPY, {"first": first, "now": utc_now()})
        with db.engine().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("UPDATE message SET status = 'delivered', rank = 90 WHERE rank = 0"))
            connection.execute(text("UPDATE chunk SET finished_at = now()"))
            connection.execute(text("VACUUM ANALYZE"))
        print(f"made in {time.perf_counter() - began:.0f} s", flush=True)
        sizes()
        reads(first)


def sizes() -> None:
    """What the tables take, per message, with their indexes."""
    with db.engine().connect() as connection:
        count = connection.execute(text("SELECT count(*) FROM message")).scalar_one()
        total = 0
        for table in TABLES:
            heap, indexes = connection.execute(
                text(f"SELECT pg_table_size('{table}'), pg_indexes_size('{table}')")
            ).one()
            total += heap + indexes
            print(f"{table}: {heap / count:.0f} bytes per message, its indexes {indexes / count:.0f}")
    rig.row("on disk per message", f"{total / count:,.0f} bytes", f"at {count:,} messages", "")


def reads(announcement: object) -> None:
    """What the questions of whoever is on call cost; each the median of five, in milliseconds."""
    now = utc_now()
    questions: dict[str, Callable[[Session], object]] = {
        "an announcement's sum": lambda session: queries.breakdown(session, "announcement", announcement),
        "its chunks": lambda session: inspection.chunks(session, "announcement", announcement),
        "a message by MessageSid": lambda session: inspection.find_message(session, "SM" + "0" * 32),
        "metrics: lanes": lambda session: backlog.lanes(session, now=now),
        "metrics: unknowns": backlog.unknowns,
        "metrics: receipts": backlog.receipts,
        "metrics: events": events.backlog,
        "metrics: CONFIRM to last": lambda session: pace(session, now=now),
    }
    for name, ask in questions.items():
        took = []
        for _ in range(6):
            with db.transaction() as session:
                began = time.perf_counter()
                ask(session)
                took.append(1000 * (time.perf_counter() - began))
        rig.row(name, f"{statistics.median(took[1:]):.1f} ms", f"the first time {took[0]:.0f} ms", "")


if __name__ == "__main__":
    main()
