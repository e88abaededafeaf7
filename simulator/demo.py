"""``make demo``: the main job in the terminal, over real HTTP, with web and worker as processes."""

from __future__ import annotations

import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

from bot.announcements.wording import compose
from bot.i18n import ENGLISH
from simulator.people import OWNER, STRANGER, SUBSCRIBERS, Person, name_of
from simulator.stack import FAILURES, Stack
from simulator.twilio.client import NotInTimeError, StandIn

CLIENT = "Pizza Palace"
ENGLISH_TEXT = "Half-price pizza until 6"
SPANISH_TEXT = "¡Pizza a mitad de precio hasta las 6!"
PATIENCE_SECONDS = 30.0


class Demo:
    """Plays the phones, prints what each sends and receives, and knows what each should have received."""

    def __init__(self, standin: StandIn, check: Callable[[], None]) -> None:
        """``check`` raises when a process that the demo needs has ended."""
        self._standin = standin
        self._check = check
        self._printed = 0
        self._expected: dict[Person, list[Callable[[str], bool]]] = defaultdict(list)

    def text(self, person: Person, body: str) -> None:
        """Somebody texts; the replies are printed with it."""
        self._standin.text(person.number, body)
        self.show()

    def expect(self, person: Person, fits: Callable[[str], bool]) -> None:
        """From here on, one text more is expected on this phone, and it has to fit."""
        self._expected[person].append(fits)

    def wait(self) -> None:
        """Wait until every phone has received as many texts as expected, printing them as they come.

        :raises NotInTimeError: they don't come.
        :raises ProcessEndedError: a process of the demo's ended, and its log says why.
        """
        self._standin.wait_for(self._all_arrived, timeout=PATIENCE_SECONDS)
        self._standin.wait_for(self._standin.settled, timeout=PATIENCE_SECONDS)
        self.show()

    def mistakes(self) -> list[str]:
        """What arrived otherwise than expected: too much, too little, or another text."""
        found = []
        for person in [OWNER, *SUBSCRIBERS, STRANGER]:
            received, expected = self._received(person), self._expected[person]
            if len(received) != len(expected):
                found.append(f"{person.name} received {len(received)} texts instead of {len(expected)}.")
            # Texts that the worker sends come in any order among those that answer.
            found += [
                f"{person.name} did not receive text {place}, as it should be."
                for place, fits in enumerate(expected, 1)
                if not any(fits(body) for body in received)
            ]
        return found

    def show(self) -> None:
        """Print what has been texted since the last time."""
        for message in self._standin.messages(after=self._printed):
            self._printed = message["seq"]
            mine = message["direction"] == "inbound"
            name, arrow = (name_of(message["from"]), ">") if mine else (name_of(message["to"]), "<")
            first, *rest = message["body"].split("\n")
            print(f"  {name:>8} {arrow} {first}")
            for line in rest:
                print(f"  {'':>8}   {line}")
        sys.stdout.flush()

    def _all_arrived(self) -> bool:
        self._check()
        self.show()
        return all(len(self._received(person)) >= len(texts) for person, texts in self._expected.items())

    def _received(self, person: Person) -> list[str]:
        messages = self._standin.messages(person.number, status="delivered")
        return [message["body"] for message in messages if message["direction"] != "inbound"]


def main(_arguments: list[str]) -> int:
    """Play the demo; exit code 0 only when every text arrived as expected."""
    print("Starting Nudges for the demo, with data of its own …", flush=True)
    with tempfile.TemporaryDirectory(prefix="nudges-demo-") as folder:
        try:
            with Stack(Path(folder), durable=False, keep=False) as stack:
                demo = Demo(StandIn(stack.standin_url), stack.check)
                mistakes = _played(demo)
        except FAILURES as error:
            print(f"\nThe demo did not come to its end: {error}", file=sys.stderr)
            return 1
    for mistake in mistakes:
        print(mistake, file=sys.stderr)
    print("\nThe demo failed." if mistakes else "\nEvery text arrived once, in the right language.")
    return 1 if mistakes else 0


def _played(demo: Demo) -> list[str]:
    """Play the demo, to the end or as far as it comes, and return what went wrong."""
    try:
        _play(demo)
    except NotInTimeError:
        return [f"The texts did not all arrive within {PATIENCE_SECONDS:.0f} s.", *demo.mistakes()]
    return demo.mistakes()


def _play(demo: Demo) -> None:
    sam, *others = SUBSCRIBERS

    _scene(f"{STRANGER.name} joins.")
    demo.expect(STRANGER, lambda body: body.startswith(f"Welcome to {CLIENT}!"))
    demo.expect(OWNER, lambda body: "That makes 7 so far!" in body)
    demo.text(STRANGER, "JOIN pizza-palace")
    demo.wait()

    _scene(f"{OWNER.name} writes an announcement, and words it in Spanish too.")
    demo.expect(OWNER, lambda body: ENGLISH_TEXT in body and "CONFIRM" in body)
    demo.text(OWNER, ENGLISH_TEXT)
    demo.expect(OWNER, lambda body: SPANISH_TEXT in body and "CONFIRM" in body)
    demo.text(OWNER, f"ES: {SPANISH_TEXT}")
    demo.wait()

    _scene(f"{sam.name} has had enough. Twilio answers STOP.")
    demo.expect(sam, lambda body: "unsubscribed" in body)
    demo.text(sam, "STOP")
    demo.wait()

    _scene(f"{OWNER.name} confirms, twice to be sure.")
    demo.expect(OWNER, lambda body: "to 6 subscribers" in body)
    demo.expect(OWNER, lambda body: "already on its way" in body)
    demo.expect(OWNER, lambda body: "6 delivered" in body)
    for person in [*others, STRANGER]:
        locale = person.locale or ENGLISH
        wording = SPANISH_TEXT if locale == "es" else ENGLISH_TEXT
        demo.expect(person, compose(CLIENT, wording, locale).__eq__)
    demo.text(OWNER, "CONFIRM")
    demo.text(OWNER, "CONFIRM")
    demo.wait()


def _scene(title: str) -> None:
    print(f"\n{title}", flush=True)
