"""The phones on the page, kept in a file from run to run."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from bot.phones import parse
from simulator.people import EVERYBODY, NUMBER

MOST = 24
LONGEST_NAME = 30


class PhoneRefusedError(ValueError):
    """A phone can't be added; the message says why and what to do."""


@dataclass(frozen=True)
class Phone:
    """A phone on the page."""

    name: str
    number: str


class Book:
    """The phones, in their order on the page. Threads may share it."""

    def __init__(self, path: Path) -> None:
        """``path`` is the file; without it the page begins with the people of the demo."""
        self._path = path
        self._lock = threading.Lock()

    def phones(self) -> list[Phone]:
        """Every phone on the page."""
        try:
            return [Phone(**each) for each in json.loads(self._path.read_text(encoding="utf-8"))]
        except FileNotFoundError:
            return [Phone(person.name, person.number) for person in EVERYBODY]

    def add(self, name: str, number: str) -> Phone:
        """Put a phone on the page; without a name or a number, it gets one that is free.

        :raises PhoneRefusedError: there are too many, or this one is there already.
        :raises bot.phones.InvalidNumber: that is no phone number.
        """
        with self._lock:
            phones = self.phones()
            if len(phones) >= MOST:
                raise PhoneRefusedError(f"There are {MOST} phones here already: remove one first.")
            taken = {phone.number for phone in phones}
            parsed = parse(number) if number.strip() else _free_number(taken)
            if parsed in taken or parsed == NUMBER:
                whose = "Nudges' own number" if parsed == NUMBER else "on the page already"
                raise PhoneRefusedError(f"{parsed} is {whose}: give another one.")
            added = Phone(name.strip()[:LONGEST_NAME] or f"Phone {parsed[-4:]}", parsed)
            self._write([*phones, added])
            return added

    def remove(self, number: str) -> None:
        """Take a phone off the page; what Nudges knows of its number stays."""
        with self._lock:
            self._write([phone for phone in self.phones() if phone.number != number])

    def _write(self, phones: Sequence[Phone]) -> None:
        unfinished = self._path.with_suffix(".unfinished")
        unfinished.write_text(json.dumps([asdict(phone) for phone in phones], indent=2), encoding="utf-8")
        unfinished.replace(self._path)


def _free_number(taken: set[str]) -> str:
    numbers = (f"+1555010{ending:04d}" for ending in range(1, 10_000))
    return next(number for number in numbers if number not in taken)
