"""ARCHITECTURE.md shows the flows as they are."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from bot.dialogue.diagrams import mermaid
from bot.dialogue.flow import IDLE, Answer, Flow, Line, Role
from bot.dialogue.patterns import ANYTHING, NUMBER, PHRASE, word
from bot.i18n import Text
from flows.__main__ import with_diagrams


def test_the_diagrams_in_architecture_are_fresh(project_root: Path) -> None:
    document = (project_root / "ARCHITECTURE.md").read_text(encoding="utf-8")
    assert document == with_diagrams(document), "stale: python -m flows"


class Doorman(Flow):
    """Lets people in."""

    role = Role.ANYONE
    expires_after = timedelta(hours=1)
    expired = Text("Too late.")
    script = (
        Line(word("KNOCK", PHRASE), IDLE, "asking", "greet", provided="is_open"),
        Line(word("KNOCK", PHRASE), IDLE, IDLE, "greet"),
        Line(ANYTHING, "asking", IDLE, "greet"),
    )
    answers = (Answer("how_many", NUMBER, "greet"),)

    def is_open(self) -> bool:
        return True

    def greet(self) -> None:
        pass


def test_a_diagram_shows_what_is_said_when_and_where_it_leads() -> None:
    assert mermaid(Doorman).splitlines() == [
        "flowchart LR",
        '    idle(["idle"])',
        '    asking(["asking"])',
        '    idle -->|"KNOCK #lt;said#gt; [is open]"| asking',
        '    idle -->|"KNOCK #lt;said#gt;"| idle',
        '    asking -->|"anything else"| idle',
        '    how_many{{"how many?"}} -->|"a number"| idle',
    ]


def test_a_document_keeps_what_stands_around_the_diagrams() -> None:
    fresh = with_diagrams("# Top\n\n<!-- flows:begin -->\nold\n<!-- flows:end -->\n\nBottom\n")
    assert fresh.startswith("# Top\n\n<!-- flows:begin -->\n")
    assert fresh.endswith("<!-- flows:end -->\n\nBottom\n")
    assert "old" not in fresh
    assert with_diagrams(fresh) == fresh
    assert with_diagrams("# Top\n").startswith("# Top\n\n<!-- flows:begin -->")
