"""How commands show rows: a name and its value per line, moments in UTC to the second."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

import click

WIDTH = 12


def line(name: str, value: object) -> None:
    """Show one value under its name."""
    click.echo(f"{name:<{WIDTH}}{value}")


def block(name: str, lines: Iterable[str]) -> None:
    """Show several lines under one name; nothing when there are none."""
    for place, each in enumerate(lines):
        line(name if place == 0 else "", each)


def moment(at: datetime | None) -> str:
    """A moment as ``2026-11-24T18:00:05Z``; a dash where there is none."""
    return "-" if at is None else at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
