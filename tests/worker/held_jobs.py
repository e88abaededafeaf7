"""Jobs that a test holds and lets go, run by real workers."""

from __future__ import annotations

import time
from pathlib import Path


def hold(folder: str) -> None:
    """Say that it has begun, wait to be let go, and say that it is done; each is a file in ``folder``."""
    place = Path(folder)
    (place / "begun").touch()
    while not (place / "let_go").exists():
        time.sleep(0.02)
    (place / "done").touch()


def touch(file: str) -> None:
    """Leave a file."""
    Path(file).touch()
