"""Every conversation in tests/transcripts happens as it is written there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from simulator.servers import Servers

TRANSCRIPTS = sorted((Path(__file__).parent.parent / "transcripts").rglob("*.txt"))


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_conversation_happens_as_it_is_written(path: Path, database: Servers) -> None:
    from tests.dialogue.transcript import Player

    played = Player().play(path)
    if "REWRITE_TRANSCRIPTS" in os.environ:
        path.write_text(played, encoding="utf-8")
    assert played == path.read_text(encoding="utf-8")
