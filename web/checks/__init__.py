"""Checks: what can be wrong with an installation, each with what to do about it.

A check is a function without arguments that yields findings. It may fail with anything: the next goes on.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    :param seen: what there is.
    :param do: what is to be done about it; None when it is as it should be.
    """

    subject: str
    seen: str
    do: str | None = None
