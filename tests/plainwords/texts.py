"""Texts that rules are made on (``development/``) and judged by (``held_out/``); a line is a text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from bot.plainwords.judging import Wish

HERE = Path(__file__).parent
DEVELOPMENT, HELD_OUT = "development", "held_out"


def texts(collection: str, locale: str) -> Iterator[tuple[Wish, str]]:
    """What a collection has in a language, each text with what it wishes."""
    wish = Wish.ORDINARY
    for line in (HERE / collection / f"{locale}.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("[") and line.endswith("]"):
            wish = Wish(line[1:-1])
        elif line.strip():
            yield wish, line
