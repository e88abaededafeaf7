"""``make chat``: be a phone. Pick or add a number, type, and see what comes back."""

from __future__ import annotations

import sys
import threading

from bot.phones import InvalidNumber, parse
from simulator.people import EVERYBODY, NUMBER, name_of
from simulator.running import find_running
from simulator.stack import PROJECT
from simulator.twilio.client import StandIn

HELP = "Type a text and press Enter. /phone picks another phone, /quit ends."


def main(_arguments: list[str]) -> int:
    """Be phones until /quit, Ctrl-D or Ctrl-C."""
    running = find_running(PROJECT)
    if running is None:
        print("Nudges does not run here. Start it with `make run` in another terminal.", file=sys.stderr)
        return 1
    print(f"Texts go to {NUMBER}. {HELP}")
    try:
        while (number := _pick_phone()) and _be(number, running.standin_url):
            pass
    except (EOFError, KeyboardInterrupt):
        print()
    return 0


def _pick_phone() -> str | None:
    print("\nWhose phone?")
    for place, person in enumerate(EVERYBODY, 1):
        print(f"  {place}. {person.name} {person.number}")
    while True:
        said = input("A place in the list, or a number with its country code: ").strip()
        if said == "/quit":
            return None
        if said.isdigit() and 1 <= int(said) <= len(EVERYBODY):
            return EVERYBODY[int(said) - 1].number
        try:
            return parse(said)
        except InvalidNumber as error:
            print(error)


def _be(number: str, standin_url: str) -> bool:
    """Be one phone; False when the person wants to end."""
    name = name_of(number)
    print(f"\nYou are {name}. {HELP}")
    stop = threading.Event()
    listener = threading.Thread(target=_listen, args=(number, standin_url, stop), daemon=True)
    listener.start()
    phone = StandIn(standin_url)
    try:
        while True:
            body = input(f"{name} > ")
            if body in {"/quit", "/phone"}:
                return body == "/phone"
            if body:
                answered = phone.text(number, body)
                if answered.status_code != 200:
                    print(f"    (Nudges answered {answered.status_code}: see the terminal of `make run`.)")
    finally:
        stop.set()
        listener.join()
        phone.close()


def _listen(number: str, standin_url: str, stop: threading.Event) -> None:
    """Print what arrives on a phone as it arrives."""
    phone = StandIn(standin_url)
    shown = max((message["seq"] for message in phone.messages(number)), default=0)
    after = phone.events("now")["next"]
    while not stop.is_set():
        after = phone.events(after, timeout=0.5)["next"]
        for message in phone.messages(number, after=shown):
            shown = message["seq"]
            if message["direction"] != "inbound":
                body = message["body"].replace("\n", "\n    ")
                print(f"\r    {body}\n{name_of(number)} > ", end="", flush=True)
    phone.close()
