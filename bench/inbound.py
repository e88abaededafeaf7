"""Inbound texts a second through gunicorn on a real Postgres, and their p99, beside a hand-written floor.

    python -m bench.inbound [--runs N] [--seconds N] [--connections N] [--text WORDS]

Run by hand. Ours and the floor (bench/floor.py) take turns on the same servers, each with a gunicorn of the
same settings, over the same texts. The load is made beforehand and sent by this process; its share of a core
is printed, and so is everybody else's: where the shares sum to all cores, more load would bring nothing.
"""

from __future__ import annotations

import argparse
import time
import uuid
from itertools import count

import psycopg2

from bench import crowd, floor, load, rig
from simulator.servers import Servers

PEOPLE = 5_000
PATH = "/webhooks/twilio/inbound"
SPARE = 3_000  # texts made for each second: more than the floor takes


def main() -> None:
    """Run it and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--text", default="Do you have gluten-free bread on Sundays?")
    options = parser.parse_args()
    with rig.installation() as servers:
        crowd.gather(PEOPLE)
        make_floor(servers)
        with rig.gunicorn("wsgi:app") as ours, rig.gunicorn("bench.floor:application") as theirs:
            measure({"ours": ours, "floor": theirs}, options)


def make_floor(servers: Servers) -> None:
    """The floor's tables, with a row to lock for everybody."""
    url = servers.database_url.replace("+psycopg2", "")
    with psycopg2.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute(floor.TABLES)
        cursor.execute(
            "INSERT INTO floor_talk (number) SELECT '+1555' || (2000000 + place)"
            " FROM generate_series(0, %s) AS place",
            (PEOPLE - 1,),
        )


_place = count()


def texts(url: str, number: int, words: str) -> list[bytes]:
    """So many texts, each with a MessageSid of its own, from one person after another."""
    from bot.config import settings

    webhooks = load.Webhooks(url, PATH, settings().twilio_auth_token.get_secret_value())
    ours = {"account": settings().twilio_account_sid, "service": settings().twilio_messaging_service_sid}
    return [
        webhooks.request(
            load.inbound_form(f"SM{uuid.uuid4().hex}", crowd.number_of(next(_place) % PEOPLE), words, **ours)
        )
        for _ in range(number)
    ]


def measure(servers: dict[str, tuple[str, rig.psutil.Process]], options: argparse.Namespace) -> None:
    """Take turns, then send ours half of what it took at most."""
    rates: dict[str, list[float]] = {name: [] for name in servers}
    p99s: dict[str, list[float]] = {name: [] for name in servers}
    for run in range(options.runs + 1):  # the first warms up
        for name, (url, process) in servers.items():
            requests = texts(url, int(SPARE * options.seconds), options.text)
            before, began = rig.Cpu.now(**{name: process}), time.perf_counter()
            answers = load.peak(url, requests, connections=options.connections, seconds=options.seconds)
            assert set(answers.statuses) == {200}, answers.statuses
            assert len(answers.seconds) < len(requests), "make more texts: these ran out"
            if run:
                rates[name].append(answers.per_second)
                p99s[name].append(answers.percentile(0.99))
                shares = rig.Cpu.now(**{name: process}).since(before, time.perf_counter() - began)
                print(
                    f"{name}: {answers.per_second:,.0f}/s, p50 {answers.percentile(0.5):.0f} ms, "
                    f"p99 {answers.percentile(0.99):.0f} ms; of a core: {shares}",
                    flush=True,
                )
    half = rig.median(rates["ours"]) / 2
    url, _ = servers["ours"]
    at_half = []
    for _ in range(options.runs):
        requests = texts(url, int(half * options.seconds), options.text)
        answers = load.steady(url, requests, per_second=half, connections=options.connections)
        assert set(answers.statuses) == {200}, answers.statuses
        at_half.append(answers.percentile(0.99))
    ratio = rig.median(rates["ours"]) / rig.median(rates["floor"])
    print()
    rig.row(
        "inbound turn",
        f"{rig.spread(rates['ours'])}/s",
        f"floor {rig.spread(rates['floor'])}/s",
        f"{ratio:.2f}",
    )
    rig.row("p99 at peak", f"{rig.spread(p99s['ours'])} ms", f"floor {rig.spread(p99s['floor'])} ms", "")
    rig.row("p99 at half of peak", f"{rig.spread(at_half)} ms at {half:,.0f}/s", "under 100 ms", "")


if __name__ == "__main__":
    main()
