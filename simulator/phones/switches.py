"""What can be made to go wrong, for one phone or for all: switches over the stand-in's faults."""

from __future__ import annotations

from typing import Any, Final

from simulator.twilio.client import StandIn

#: Each switch by its name: what the page calls it, what it says happens, and the stand-in's fault.
SWITCHES: Final[dict[str, tuple[str, str, dict[str, Any]]]] = {
    "slow": ("Slow", "Twilio takes 3 s to answer", {"kind": "slow", "seconds": 3}),
    "busy": ("Too many requests", "429: not accepted, tried again later", {"kind": "429"}),
    "broken": ("Server error", "503: nobody knows whether it was accepted", {"kind": "503"}),
    "lost": ("Answer lost", "accepted, but the connection breaks", {"kind": "answer_lost"}),
    "off": ("Phone off", "30003: out of reach, tried once more later", {"kind": "30003"}),
    "undeliverable": ("Undeliverable", "30007: filtered by the carrier for good", {"kind": "30007"}),
    "blocked": ("Opted out at Twilio", "refused with 21610", {"kind": "21610", "at": "create"}),
    "doubled": ("Receipts twice", "each status callback comes twice", {"kind": "duplicate_receipts"}),
    "reordered": ("Receipts reordered", "the last one comes first", {"kind": "reordered_receipts"}),
    "missing": ("Receipts missing", "no status callback comes", {"kind": "missing_receipts"}),
}


class UnknownSwitchError(LookupError):
    """There is no such switch; the message names those there are."""


def descriptions() -> list[dict[str, str]]:
    """Every switch as the page shows it."""
    return [{"name": name, "label": label, "hint": hint} for name, (label, hint, _fault) in SWITCHES.items()]


def turned_on(faults: list[dict[str, Any]], number: str | None) -> list[str]:
    """The switches that are on for a phone, or for all, among the stand-in's faults in force."""
    return [name for name in SWITCHES if _in_force(faults, name, number)]


def turn(standin: StandIn, name: str, number: str | None, *, on: bool) -> None:
    """Turn a switch on or off, for a phone or for all. Turned twice, nothing changes.

    :raises UnknownSwitchError: there is none of that name.
    """
    if name not in SWITCHES:
        raise UnknownSwitchError(f"There is no switch {name!r}; there are {', '.join(SWITCHES)}.")
    found = _in_force(standin.faults(), name, number)
    if on and not found:
        fault = dict(SWITCHES[name][2])
        standin.fail(fault.pop("kind"), to=number, **fault)
    if not on:
        for fault_id in found:
            standin.heal(fault_id)


def _in_force(faults: list[dict[str, Any]], name: str, number: str | None) -> list[int]:
    kind = SWITCHES[name][2]["kind"]
    return [fault["id"] for fault in faults if fault["kind"] == kind and fault["to"] == number]
