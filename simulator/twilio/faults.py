"""Things that go wrong on request: each fault names what happens, to whom, and how often.

At the API (`create`), the first fault that strikes decides:
    slow                      the answer takes `seconds`; the message is accepted at once
    answer_lost               accepted, and the connection is closed without an answer
    accepted_never_answered   accepted, and the connection stays open without an answer
    never_answered            not accepted, and the connection stays open without an answer
    429, 500, 503             not accepted
    21211, 21610, …           not accepted; any code of the API's table

At delivery, the first that strikes decides:
    30003, 30005, 30006, …    undelivered with that ErrorCode
    any code with at=delivery failed (21610) or undelivered, with that ErrorCode

In status callbacks, all that strike apply; `statuses` narrows `missing`, `duplicate` and `delayed`:
    missing_receipts          not posted
    duplicate_receipts        posted twice
    delayed_receipts          posted `seconds` later
    reordered_receipts        all held back and posted last status first
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import Any, Final, Literal

from .errors import DELIVERY_FAILURES, REFUSALS

Stage = Literal["create", "delivery", "receipts"]

_HTTP: Final = {"429": 20429, "500": 20500, "503": 20503}
_ANSWERS: Final = ("slow", "answer_lost", "accepted_never_answered", "never_answered")
_RECEIPTS: Final = ("missing_receipts", "duplicate_receipts", "delayed_receipts", "reordered_receipts")


class UnknownFaultError(Exception):
    """A fault asked for does not exist or its numbers make no sense; the message says what is allowed."""


@dataclass(slots=True)
class Fault:
    """One fault. `to` None strikes every number, `times` None without end, `probability` by a seeded die."""

    id: int
    kind: str
    stage: Stage
    code: int | None = None
    to: str | None = None
    times: int | None = None
    probability: float = 1.0
    seed: int = 0
    seconds: float = 1.0
    statuses: frozenset[str] = frozenset()
    struck: int = 0
    _die: Random = field(default_factory=Random, repr=False)

    def __post_init__(self) -> None:
        self._die.seed(self.seed)

    def strikes(self, to: str) -> bool:
        """Whether a message to `to` is struck; it counts as one of `times` if so."""
        if self.to is not None and self.to != to:
            return False
        if self.times is not None and self.struck >= self.times:
            return False
        if self.probability < 1 and self._die.random() >= self.probability:
            return False
        self.struck += 1
        return True

    def covers(self, status: str) -> bool:
        """Whether a status callback for `status` is among those this fault is narrowed to."""
        return not self.statuses or status in self.statuses

    def document(self) -> dict[str, Any]:
        """The fault as the control API shows it."""
        return {
            "id": self.id,
            "kind": self.kind,
            "at": self.stage,
            "to": self.to,
            "times": self.times,
            "probability": self.probability,
            "seed": self.seed,
            "seconds": self.seconds,
            "statuses": sorted(self.statuses),
            "struck": self.struck,
        }


class Faults:
    """The faults that are in force, oldest first."""

    def __init__(self) -> None:
        self._stages: dict[Stage, list[Fault]] = {"create": [], "delivery": [], "receipts": []}
        self._ids = count(1)

    def add(self, asked: Mapping[str, Any]) -> Fault:
        """Put a fault in force. Raises UnknownFaultError when it makes no sense."""
        kind = str(asked.get("kind", ""))
        unknown = set(asked) - {"kind", "at", "to", "times", "probability", "seed", "seconds", "statuses"}
        if unknown:
            raise UnknownFaultError(f"A fault has no {', '.join(sorted(unknown))}.")
        stage, code = _place(kind, asked.get("at"))
        try:
            fault = Fault(
                id=next(self._ids),
                kind=kind,
                stage=stage,
                code=code,
                to=asked.get("to"),
                times=None if asked.get("times") is None else int(asked["times"]),
                probability=float(asked.get("probability", 1.0)),
                seed=int(asked.get("seed", 0)),
                seconds=float(asked.get("seconds", 1.0)),
                statuses=frozenset(asked.get("statuses", ())),
            )
        except (TypeError, ValueError) as error:
            raise UnknownFaultError(
                "times and seed are whole numbers, probability and seconds numbers."
            ) from error
        self._stages[stage].append(fault)
        return fault

    def first(self, stage: Stage, to: str) -> Fault | None:
        """The first fault of that stage that strikes a message to `to`."""
        faults = self._stages[stage]
        return next((each for each in faults if each.strikes(to)), None) if faults else None

    def all(self, stage: Stage, to: str) -> tuple[Fault, ...]:
        """Every fault of that stage that strikes a message to `to`."""
        faults = self._stages[stage]
        return tuple(each for each in faults if each.strikes(to)) if faults else ()

    def remove(self, fault_id: int) -> bool:
        """Take one fault out of force; False when there is none with that id."""
        for faults in self._stages.values():
            for fault in faults:
                if fault.id == fault_id:
                    faults.remove(fault)
                    return True
        return False

    def clear(self) -> None:
        """Take every fault out of force."""
        for faults in self._stages.values():
            faults.clear()

    def documents(self) -> list[dict[str, Any]]:
        """Every fault in force, by id."""
        every = [fault for faults in self._stages.values() for fault in faults]
        return [fault.document() for fault in sorted(every, key=lambda each: each.id)]


def _place(kind: str, at: object) -> tuple[Stage, int | None]:
    """Where a fault of that kind strikes, and the error code it stands for."""
    code = _HTTP.get(kind) or (int(kind) if kind.isdecimal() else None)
    stage: Stage | None = None
    if kind in _RECEIPTS:
        stage = "receipts"
    elif kind in _ANSWERS or (code in REFUSALS and at != "delivery"):
        stage = "create"
    elif code in DELIVERY_FAILURES:
        stage = "delivery"
    if stage is None or at not in (None, stage):
        codes = sorted(set(REFUSALS) | set(DELIVERY_FAILURES))
        raise UnknownFaultError(
            f"There is no fault {kind!r} at {at or 'any stage'}; there are: "
            f"{', '.join((*_ANSWERS, *_HTTP, *_RECEIPTS))}, and the codes {', '.join(map(str, codes))}."
        )
    return stage, code
