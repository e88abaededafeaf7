"""``python -m flows`` draws every flow into ARCHITECTURE.md."""

from __future__ import annotations

import inspect
import sys
from pathlib import Path

from bot.dialogue.diagrams import mermaid
from flows import FLOWS

ARCHITECTURE = Path(__file__).parent.parent / "ARCHITECTURE.md"
BEGIN, END = "<!-- flows:begin -->", "<!-- flows:end -->"


def drawn() -> str:
    """Every flow with what it is for and its diagram, as Markdown."""
    chapters = [BEGIN, "<!-- Made by `python -m flows`. -->"]
    for flow in FLOWS:
        about = inspect.cleandoc(flow.__doc__ or "")
        chapters.append(f"### {flow.__name__}\n\n{about}\n\n```mermaid\n{mermaid(flow)}```")
    return "\n\n".join([*chapters, END])


def with_diagrams(document: str) -> str:
    """A document with the block between the marks drawn afresh; one without marks gets it at its end."""
    before, begin, rest = document.partition(BEGIN)
    _old, end, after = rest.partition(END)
    if not begin or not end:
        return f"{document.rstrip()}\n\n{drawn()}\n".lstrip()
    return before + drawn() + after


if __name__ == "__main__":
    current = ARCHITECTURE.read_text(encoding="utf-8") if ARCHITECTURE.exists() else ""
    ARCHITECTURE.write_text(with_diagrams(current), encoding="utf-8")
    sys.stdout.write(f"{ARCHITECTURE.name} shows the flows as they are.\n")
