"""The commands: ``update`` after a text has changed, ``check`` for what is missing, ``segments`` for costs.

A new text is translated in ``locales/<locale>/messages.po`` and given budgets in ``locales/segments.toml``.
"""

from __future__ import annotations

import argparse
import sys

from bot.catalogs import budgets, extraction
from bot.i18n import LOCALES


def main() -> int:
    """Do what the command line asks; 1 when something is missing."""
    parser = argparse.ArgumentParser(prog="python -m bot.catalogs", description="The catalogs in locales/.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("update", help="merge what the code says into every catalog; write SEGMENTS.md")
    commands.add_parser("check", help="say what is missing, out of step or over budget")
    commands.add_parser("segments", help="show how many segments each text takes, and its budget")
    command = parser.parse_args().command
    if command == "update":
        extraction.update()
        budgets.TABLE.write_text(budgets.page(), encoding="utf-8")
    elif command == "segments":
        sys.stdout.write(budgets.table())
    return 0 if command == "segments" else _complain()


def _complain() -> int:
    complaints = [
        *(
            gap
            for locale in LOCALES
            for domain in extraction.MARKS
            for gap in extraction.gaps(locale, domain)
        ),
        *budgets.excesses(),
    ]
    if budgets.TABLE.read_text(encoding="utf-8") != budgets.page():
        complaints.append("locales/SEGMENTS.md is stale: run `python -m bot.catalogs update`.")
    sys.stdout.writelines(f"{complaint}\n" for complaint in complaints)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
