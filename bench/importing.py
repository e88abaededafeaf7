"""How many rows a second `subscribers import` takes, in how much memory, beside a bare COPY of the same rows.

    python -m bench.importing [--rows N]

Run by hand. It starts a Postgres of its own that writes durably, makes a list, imports it with the command
itself, imports it again (nothing is to be done then), and copies the same rows into one table without an
index, as they are: what no import can be faster than.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psycopg2

from simulator.servers import Servers
from tests.conftest import SETTINGS

NAMES = ("Zoë", "José Ramírez", "Ann", "李小梅", "ليلى", "Bob O'Neil", "")
LOCALES = ("en", "es", "", "fr", "pt-BR", "zh")


def main() -> None:
    """Run it once and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    count = parser.parse_args().rows
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # Postgres of root runs as nobody
        with Servers(Path(folder), durable=True, keep=False) as servers:
            os.environ.update(SETTINGS, DATABASE_URL=servers.database_url, REDIS_URL=servers.redis_url)
            path = Path(folder) / "list.csv"
            write(path, count)
            flask("db-upgrade")
            flask(*"clients add --name Bakery --slug bakery --phone +12125550101".split())
            for what in ("import", "the same again"):
                seconds, cpu, megabytes = flask(
                    *f"subscribers import {path} --client bakery --consent bench".split()
                )
                print(
                    f"{what}: {count:,} rows in {seconds:.1f} s, {count / seconds:,.0f}/s, {cpu:.1f} s of "
                    f"them on its own CPU, {megabytes:.0f} MB at most",
                    flush=True,
                )
            seconds = copy(servers.database_url, path)
            print(f"bare COPY: {seconds:.1f} s, {count / seconds:,.0f}/s")


def write(path: Path, count: int) -> None:
    """Write a list of that many people."""
    chosen = random.Random(7)
    with path.open("w", encoding="utf-8") as file:
        file.write("phone,locale,name\n")
        for number in range(count):
            area = chosen.choice((212, 415, 305, 512))
            file.write(f"+1{area}{2_000_000 + number},{chosen.choice(LOCALES)},{chosen.choice(NAMES)}\n")


def flask(*arguments: str) -> tuple[float, float, float]:
    """Run a command; gives its seconds, its CPU seconds, and its largest size in megabytes."""
    started = time.perf_counter()
    command = [sys.executable, "-m", "flask", "--app", "wsgi", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    assert status == 0, arguments
    return time.perf_counter() - started, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def copy(url: str, path: Path) -> float:
    """Copy a list into one table as it is; gives the seconds."""
    with psycopg2.connect(url.replace("+psycopg2", "")) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE bare (phone text, locale text, name text)")
        started = time.perf_counter()
        with path.open(encoding="utf-8") as file:
            cursor.copy_expert("COPY bare FROM STDIN (FORMAT csv, HEADER)", file)
        connection.commit()
        return time.perf_counter() - started


if __name__ == "__main__":
    main()
