"""How fast a fan-out writes its rows, beside a bare INSERT … SELECT of the same, and what it costs others.

    python -m bench.fanout [--people N]

One client has that many followers, another a hundred. The announcement goes through the real dialogue and the
rows are written by a real worker; the bare statement writes into a table of the same columns and indexes,
before, in the same run. Nothing is sent.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path
from typing import Any

from sqlalchemy import text

from simulator.servers import Servers
from tests.conftest import SETTINGS

LARGE, SMALL = "+15550109999", "+15550109998"

# Two in a hundred have said STOP.
CROWD = """
    CREATE TEMP TABLE crowd ON COMMIT DROP AS
        SELECT place, nudges_uuid7() AS person, nudges_uuid7() AS point, nudges_uuid7() AS subscription
        FROM generate_series(1, :people) AS place;
    INSERT INTO person (id, locale, created_at)
        SELECT person, (ARRAY['es', 'fr', 'ar', NULL, NULL, NULL, NULL, NULL])[1 + place % 8], :at FROM crowd;
    INSERT INTO contact_point (id, person_id, channel, address, address_index, last4, created_at)
        SELECT point, person, 'sms', sha256(uuid_send(point)), uuid_send(point), '0000', :at FROM crowd;
    INSERT INTO subscription (id, person_id, client_id, joined_at, told_at)
        SELECT subscription, person, :client_id, :at, :at FROM crowd;
    INSERT INTO opt_out (id, contact_point_id, sender_id, blocked_by_carrier, source, opted_out_at)
        SELECT nudges_uuid7(), point, :sender_id, true, 'word', :at FROM crowd WHERE place % 50 = 0;
"""
BARE = """
    INSERT INTO bare (id, channel, purpose, client_id, contact_point_id, sender_id, source_type, source_id,
        rendering_id, idempotency_key, chunk_id, position, status, rank, attempts, expires_at, created_at,
        updated_at)
    SELECT nudges_uuid7(), 'sms', 'announcement', :client_id, contact_point.id, :sender_id, 'announcement',
        :client_id, :client_id, md5(contact_point.id::text)::uuid, :client_id,
        (row_number() OVER (ORDER BY subscription.id))::int, 'pending', 0, 0, now(), now(), now()
    FROM subscription
    JOIN person ON person.id = subscription.person_id
    JOIN contact_point ON contact_point.person_id = person.id
    WHERE subscription.client_id = :client_id
"""


def gather(slug: str, owner: str, people: int) -> dict[str, Any]:
    """Make a client with that many followers, in one statement for each table."""
    from bot import db
    from bot.audience import service as audience
    from bot.clock import utc_now
    from bot.messaging import service as messaging

    now = utc_now()
    with db.transaction() as session:
        sid = SETTINGS["TWILIO_MESSAGING_SERVICE_SID"]
        sender = messaging.sender_of(session, service_sid=sid, number="+15550100000", now=now)
        client = audience.add_client(
            session, name=slug.title(), slug=slug, owner_number=owner, locale="en", time_zone="UTC",
            support_contact=None, sender_id=sender.id, now=now,
        )  # fmt: skip
        whose = {"client_id": client.id, "sender_id": sender.id}
        session.execute(text(CROWD), {"people": people, "at": now} | whose)
    return whose


def say(owner: str, body: str) -> tuple[float, str]:
    """Text something to the bot; the seconds that the turn takes with its commit, and the reply."""
    import flows
    from bot import db
    from bot.clock import utc_now
    from bot.dialogue.service import Inbound

    said = Inbound(
        f"SM{uuid.uuid4().hex}", owner, "+15550100000", body, SETTINGS["TWILIO_MESSAGING_SERVICE_SID"]
    )
    begun = time.perf_counter()
    with db.transaction() as session:
        replies = flows.dialogue.receive(session, said, now=utc_now())
    return time.perf_counter() - begun, " ".join(reply.text for reply in replies)


def work(during: Any = None) -> tuple[float, float]:
    """Have a worker work off the lane that fans out; its seconds, and the most memory it took, in MB."""
    begun = time.perf_counter()
    command = [sys.executable, "worker.py", "--lanes", "express", "--burst"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    if during is not None:
        during()
    _pid, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return time.perf_counter() - begun, usage.ru_maxrss / 1024


def bare(whose: dict[str, Any]) -> float:
    """Rows a second of the bare statement."""
    from bot import db

    with db.engine().begin() as connection:
        connection.execute(text("CREATE TABLE bare (LIKE message INCLUDING ALL)"))
    with db.engine().begin() as connection:
        begun = time.perf_counter()
        rows = connection.execute(text(BARE), whose).rowcount
        seconds = time.perf_counter() - begun
    with db.engine().begin() as connection:
        connection.execute(text("DROP TABLE bare"))
    return rows / seconds


def run(people: int) -> None:
    """Measure, and print the figures."""
    from bot import db

    large = gather("large", LARGE, people)
    gather("small", SMALL, 100)
    with db.engine().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))
    say(SMALL, "Warm up")
    say(SMALL, "DISCARD")
    bare_rate = bare(large)
    nothing_seconds, idle = work()
    preview, _ = say(LARGE, "Half-price pizza until 6")
    confirm, reply = say(LARGE, "CONFIRM")
    others: list[float] = []

    def others_turns() -> None:
        with db.engine().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            written = "SELECT count(*) FROM announcement WHERE fanned_out_at IS NOT NULL"
            while not connection.scalar(text(written)):
                others.extend(say(SMALL, body)[0] for body in ("Half-price cake", "DISCARD"))
                time.sleep(0.2)

    seconds, peak = work(others_turns)
    with db.engine().connect() as connection:
        rows = connection.scalar(text("SELECT count(*) FROM message WHERE purpose = 'announcement'"))
    rate = rows / (seconds - nothing_seconds)
    print(f"{reply!r}, {rows:,} rows written")
    print(f"preview {preview:.2f} s, CONFIRM {confirm:.2f} s")
    print(f"fan-out {rate:,.0f} rows/s, bare {bare_rate:,.0f} rows/s: {bare_rate / rate:.2f} times its time")
    print(f"worker's peak {peak:.0f} MB, idle {idle:.0f} MB")
    print(f"another client's {len(others)} turns meanwhile: the slowest {max(others, default=0):.2f} s")


def main() -> None:
    """Start what it needs, and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--people", type=int, default=1_000_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # Postgres of root runs as nobody
        with Servers(Path(folder), durable=True, keep=False) as servers:
            os.environ.update(SETTINGS, DATABASE_URL=servers.database_url, REDIS_URL=servers.redis_url)
            from bot import migrations, wiring

            wiring.load()
            migrations.upgrade()
            run(options.people)


if __name__ == "__main__":
    main()
