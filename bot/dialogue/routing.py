"""Routing: whose word is it?

What is going on hears its own words first. Then come the words that begin something: a client's, a
subscriber's, anybody's. Only then is a text "anything else", to what is going on, or by who its writer is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from bot.dialogue.flow import IDLE, Answer, Flow, Line, Role
from bot.dialogue.patterns import Heard, Match
from bot.dialogue.turn import Turn


class Unroutable(Exception):
    """No flow takes "anything else" from anyone: add one to flows/__init__.py."""


@dataclass(frozen=True)
class Step:
    """What is to be done with a text: a line of a flow's script, or an answer to an open question."""

    flow: type[Flow]
    line: Line | Answer
    match: Match
    memory: dict[str, Any] | None = None  # an open question's own

    @property
    def state(self) -> str:
        """Where the flow stands before the step."""
        return self.line.while_in if isinstance(self.line, Line) else IDLE

    def take(self, flow: Flow, turn: Turn) -> str:
        """Take the step, and name it for the records."""
        if isinstance(self.line, Line):
            return flow.step(self.line, turn, self.match.arguments)
        getattr(flow, self.line.does)(turn, **self.match.arguments)
        return self.line.does


class Router:
    """Finds the flow and the line for a text."""

    def __init__(self, flows: Sequence[type[Flow]]) -> None:
        self._by_name = {flow.__name__: flow for flow in flows}
        self._flows = flows

    def route(self, turn: Turn, heard: Heard, flow_name: str | None, state: str | None) -> Step:
        """Find what a text does, given what is going on.

        :raises Unroutable: there is no flow for strangers.
        """
        current = self._by_name.get(flow_name or "")
        for specific in (True, False):
            if current is not None and state is not None:
                found = current.hear(heard, state, specific=specific)
                if found:
                    return Step(current, *found)
            for flow in self._open_to(turn):
                found = flow.hear(heard, IDLE, specific=specific)
                if found:
                    return Step(flow, *found)
        raise Unroutable("No flow answers a stranger's text.")

    def _open_to(self, turn: Turn) -> Iterator[type[Flow]]:
        """The flows that this person may begin, in the order of the roles."""
        standing = {
            Role.MEMBER: bool(turn.clients),
            Role.SUBSCRIBER: bool(turn.followed),
            Role.ANYONE: True,
        }
        for role in Role:
            if standing[role]:
                yield from (flow for flow in self._flows if flow.role is role)
