"""A flow: one kind of conversation, declared as a script that reads like it.

Each line of the script says what somebody says, while what, where that leads, and what is done. A flow begins
and ends in ``idle``; a line that leads from ``idle`` to ``idle`` is a question with its answer. A flow calls
domain services inside the turn's transaction and answers with replies; it never commits or asks the clock.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from enum import Enum
from functools import partial
from typing import Any, ClassVar, NamedTuple

from transitions import Machine

from bot.dialogue.patterns import Heard, Match, Pattern
from bot.dialogue.turn import Turn
from bot.i18n import Text

IDLE = "idle"


class Role(Enum):
    """Who may begin a flow; when several flows know a word, the first of these has it."""

    MEMBER = "a client's member"
    SUBSCRIBER = "a subscriber"
    ANYONE = "anyone"


class Line(NamedTuple):
    """One line of a script. With ``provided``, it holds only when that method of the flow says so."""

    says: Pattern
    while_in: str
    goes_to: str
    does: str
    provided: str | None = None


class Answer(NamedTuple):
    """How an open question may be answered, whatever else is going on."""

    question: str
    says: Pattern
    does: str


class ScriptError(Exception):
    """A flow's script can't be played; the message says which line and why."""


class Flow:
    """The base of every conversation. ``state`` is where this one stands."""

    role: ClassVar[Role]
    script: ClassVar[Iterable[Line]]
    answers: ClassVar[Iterable[Answer]] = ()
    #: How long a conversation waits for the next text, and the kind word when it waited in vain.
    expires_after: ClassVar[timedelta | None] = None
    expired: ClassVar[Text | None] = None
    #: Whether somebody who said STOP may begin it all the same (asking to follow again).
    speaks_to_stopped: ClassVar[bool] = False
    #: Whether a text that begins it may be acted on hours after it was sent, when we hear of it late.
    may_come_late: ClassVar[bool] = False
    machine: ClassVar[Machine]

    state: str

    def __init__(self, state: str = IDLE) -> None:
        self.state = state

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.script = tuple(cls.script)
        cls._check_script()
        # One machine per class, shared by all threads, with flows as its light models: building one per turn
        # would cost some hundred microseconds each.
        cls.machine = Machine(
            model=None,
            states=list(dict.fromkeys([IDLE, *(name for line in cls.script for name in line[1:3])])),
            initial=IDLE,
            auto_transitions=False,
            transitions=[
                {
                    "trigger": line.says.name,
                    "source": line.while_in,
                    "dest": line.goes_to,
                    "conditions": [line.provided] if line.provided else [],
                    "after": [partial(_note, line.does), line.does],
                }
                for line in cls.script
            ],
        )

    @classmethod
    def _check_script(cls) -> None:
        for does in [*(line.does for line in cls.script), *(answer.does for answer in cls.answers)]:
            if not callable(getattr(cls, does, None)):
                raise ScriptError(f"{cls.__name__}'s script does {does!r}, which is no method of it.")
        waits = any(line.goes_to != IDLE for line in cls.script)
        if waits and (cls.expires_after is None or cls.expired is None):
            raise ScriptError(f"{cls.__name__} waits for answers, so it needs expires_after and expired.")

    @classmethod
    def knows(cls, state: str | None) -> bool:
        """Whether a conversation saved in this state can go on."""
        return state in cls.machine.states

    @classmethod
    def hear(cls, heard: Heard, state: str, *, specific: bool) -> tuple[Line, Match] | None:
        """The first line that fits a text in a state, among those that name something or those that don't."""
        for line in cls.script:
            if line.while_in == state and line.says.specific == specific:
                match = line.says.match(heard)
                if match is not None:
                    return line, match
        return None

    def step(self, line: Line, turn: Turn, arguments: dict[str, Any]) -> str:
        """Take one step: the machine picks the first line of this trigger that holds, and its method runs.

        :returns: the method's name.
        :raises ScriptError: no line of the trigger holds; the last one needs no ``provided``.
        """
        taken = self.machine.events[line.says.name].trigger(self, turn, **arguments)
        if not taken:
            raise ScriptError(
                f"{type(self).__name__} has no line for {line.says.name!r} in {line.while_in!r}."
            )
        return turn.done


def _note(does: str, turn: Turn, **_arguments: object) -> None:
    turn.done = does
