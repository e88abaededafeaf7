"""Receipts a second beside the floor, and a storm of them after a broadcast: nobody starves, none is lost.

    python -m bench.receipts [--runs N] [--seconds N] [--storm N]

Run by hand. First ours and the floor (bench/floor.py: signature and one insert) take turns. Then a
broadcast's receipts all come at once, over 32 connections, while other people text at a steady pace and the
worker applies what has come: their p99 is printed beside that of the same pace in quiet, and every
message must end as the receipts said.
"""

from __future__ import annotations

import argparse
import time
import uuid

from sqlalchemy import text

from bench import crowd, floor, load, rig
from bench.inbound import make_floor, texts
from bot import db
from bot.announcements import fanout
from bot.clock import utc_now

PATH = "/webhooks/twilio/status"
TEXTS_PER_SECOND = 20.0
SPARE = 5_000


def main() -> None:
    """Run it and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--storm", type=int, default=100_000)
    options = parser.parse_args()
    with rig.installation() as servers:
        crowd.gather(max(options.storm, 5_000))
        make_floor(servers)
        with rig.gunicorn("wsgi:app") as (ours, web):
            with rig.gunicorn(f"{floor.__name__}:application") as (theirs, by_hand):
                rate({"ours": (ours, web), "floor": (theirs, by_hand)}, options)
            with rig.process("worker.py", "--lanes", "express"):
                storm(ours, web, options.storm)


def receipts(url: str, messages: list[tuple[str, str]], status: str) -> list[bytes]:
    """A receipt for each message: our id and Twilio's."""
    from bot.config import settings

    webhooks = load.Webhooks(url, PATH, settings().twilio_auth_token.get_secret_value())
    return [
        webhooks.request(
            {
                "SmsSid": sid, "SmsStatus": status, "MessageStatus": status, "To": "+15552000000",
                "MessageSid": sid, "AccountSid": settings().twilio_account_sid, "From": "+15550100000",
                "MessagingServiceSid": settings().twilio_messaging_service_sid, "ApiVersion": "2010-04-01",
            },
            f"?m={ours}",
        )
        for ours, sid in messages
    ]  # fmt: skip


def rate(servers: dict[str, tuple[str, rig.psutil.Process]], options: argparse.Namespace) -> None:
    """Take turns. The receipts are of messages that nobody knows; the webhook keeps them all the same."""
    rates: dict[str, list[float]] = {name: [] for name in servers}
    for run in range(options.runs + 1):  # the first warms up
        for name, (url, process) in servers.items():
            unknown = [
                (str(uuid.uuid4()), f"SM{uuid.uuid4().hex}") for _ in range(int(SPARE * options.seconds))
            ]
            requests = receipts(url, unknown, "delivered")
            before, began = rig.Cpu.now(**{name: process}), time.perf_counter()
            answers = load.peak(url, requests, connections=32, seconds=options.seconds)
            assert set(answers.statuses) == {204}, answers.statuses
            assert len(answers.seconds) < len(requests), "make more receipts: these ran out"
            if run:
                rates[name].append(answers.per_second)
                shares = rig.Cpu.now(**{name: process}).since(before, time.perf_counter() - began)
                print(f"{name}: {answers.per_second:,.0f}/s; of a core: {shares}", flush=True)
    ratio = rig.median(rates["ours"]) / rig.median(rates["floor"])
    beside = f"floor {rig.spread(rates['floor'])}/s"
    rig.row("receipts", f"{rig.spread(rates['ours'])}/s", beside, f"{ratio:.2f}")
    with db.engine().begin() as connection:
        connection.execute(text("TRUNCATE receipt"))


def broadcast(size: int) -> list[tuple[str, str]]:
    """A broadcast that Twilio has accepted; gives each message's id and MessageSid."""
    announcement = crowd.draft_and_confirm()
    more = True
    while more:
        with db.transaction() as session:
            more = fanout.fan_out(session, announcement, now=utc_now())
    with db.transaction() as session:
        session.execute(
            text(
                "UPDATE message SET status = 'accepted', rank = 30, provider_id = 'SM' || md5(id::text)"
                " WHERE source_id = :it"
            ),
            {"it": announcement},
        )
        session.execute(text("UPDATE chunk SET finished_at = now()"))
        found = session.execute(
            text("SELECT id::text, provider_id FROM message WHERE source_id = :it"), {"it": announcement}
        )
        messages = [(row[0], row[1]) for row in found]
    assert len(messages) >= size
    return messages[:size]


def storm(url: str, web: rig.psutil.Process, size: int) -> None:
    """Let all receipts of a broadcast come at once, and people text meanwhile."""
    messages = broadcast(size)
    requests = receipts(url, messages, "delivered")
    load.peak(url, texts(url, 300, "Are you open?"), connections=16)  # warms up
    quiet = load.steady(
        url, texts(url, 200, "Are you open?"), per_second=TEXTS_PER_SECOND, connections=8
    ).percentile(0.99)
    many = texts(url, 40_000, "Are you open?")
    before, began = rig.Cpu.now(web=web), time.perf_counter()
    taken, meanwhile = load.both(
        lambda: load.peak_of(url, requests, connections=32),
        lambda over: load.steady_of(url, many, per_second=TEXTS_PER_SECOND, connections=8, over=over),
    )
    seconds = time.perf_counter() - began
    assert set(taken.statuses) == {204}, taken.statuses
    assert set(meanwhile.statuses) == {200}, meanwhile.statuses
    print(f"storm: {taken.per_second:,.0f}/s; of a core: {rig.Cpu.now(web=web).since(before, seconds)}")
    deadline = time.monotonic() + 600
    while waiting() and time.monotonic() < deadline:
        time.sleep(0.5)
    applied = time.perf_counter() - began
    with db.engine().connect() as connection:
        ids = [ours for ours, _ in messages]
        delivered = connection.execute(
            text(
                "SELECT count(*) FROM message WHERE id = ANY(CAST(:ids AS uuid[])) AND status = 'delivered'"
            ),
            {"ids": ids},
        ).scalar_one()
    rig.row(
        f"storm of {size:,} receipts", f"taken in {seconds:.0f} s, applied after {applied:.0f} s",
        f"{size - delivered} lost", "",
    )  # fmt: skip
    rig.row(
        "inbound p99 during it", f"{meanwhile.percentile(0.99):.0f} ms", f"in quiet {quiet:.0f} ms",
        f"{meanwhile.percentile(0.99) / quiet:.1f}",
    )  # fmt: skip


def waiting() -> int:
    """Receipts that are not applied yet."""
    with db.engine().connect() as connection:
        return int(connection.execute(text("SELECT count(*) FROM receipt")).scalar_one())


if __name__ == "__main__":
    main()
