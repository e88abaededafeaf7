"""Diagrams of flows, drawn from their machines in Mermaid."""

from __future__ import annotations

from collections import defaultdict

from bot.dialogue.flow import IDLE, Flow

#: How many of the things that have one effect stand in one line of a label.
PER_LINE = 4


def mermaid(flow: type[Flow]) -> str:
    """Draw a flow: its states, what leads from one to another, and in brackets when only.

    An open question, which stands beside the conversation, is a hexagon.
    """
    lines = ["flowchart LR", *(f'    {state}(["{state}"])' for state in flow.machine.states)]
    for (source, dest), label in _arrows(flow).items():
        lines.append(f'    {source} -->|"{label}"| {dest}')
    questions: dict[str, list[str]] = defaultdict(list)
    for answer in flow.answers:
        questions[answer.question].append(answer.says.name)
    for question, said in questions.items():
        lines.append(f'    {question}{{{{"{_words(question)}?"}}}} -->|"{_several(said)}"| {IDLE}')
    return "\n".join(lines) + "\n"


def _arrows(flow: type[Flow]) -> dict[tuple[str, str], str]:
    """From where to where, with all that leads there: what has the same effect shares a line."""
    said: dict[tuple[str, str], dict[tuple[str, str], list[str]]] = defaultdict(lambda: defaultdict(list))
    for name, event in flow.machine.events.items():
        for source, transitions in event.transitions.items():
            for transition in transitions:
                provided = ", ".join(_words(str(condition.func)) for condition in transition.conditions)
                effect = (provided, str(transition.after[-1]))
                said[source, str(transition.dest)][effect].append(name)
    return {
        arrow: "<br/>".join(
            _several(names) + (f" [{provided}]" if provided else "")
            for (provided, _effect), names in effects.items()
        )
        for arrow, effects in said.items()
    }


def _several(names: list[str]) -> str:
    lines = [", ".join(names[start : start + PER_LINE]) for start in range(0, len(names), PER_LINE)]
    escaped = [line.replace("<", "#lt;").replace(">", "#gt;").replace('"', "#quot;") for line in lines]
    return ",<br/>".join(escaped)


def _words(name: str) -> str:
    return name.replace("_", " ")
