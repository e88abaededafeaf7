"""The people of the demo: Pizza Palace's owner, its subscribers in six languages, and somebody new."""

from __future__ import annotations

from dataclasses import dataclass

#: What everybody texts: the number of the stand-in's Messaging Service.
NUMBER = "+15550100000"


@dataclass(frozen=True)
class Person:
    """Somebody with a phone; ``locale`` is the language they have chosen, if they have."""

    name: str
    number: str
    locale: str | None = None


OWNER = Person("Olivia", "+15550100001")
SUBSCRIBERS = (
    Person("Sam", "+15550100002"),
    Person("Ana", "+15550100003", "es"),
    Person("Chloé", "+15550100004", "fr"),
    Person("João", "+15550100005", "pt_BR"),
    Person("小梅", "+15550100006", "zh_Hans"),
    Person("Layla", "+15550100007", "ar"),
)
STRANGER = Person("Nia", "+15550100008")
EVERYBODY = (OWNER, *SUBSCRIBERS, STRANGER)


def name_of(number: str) -> str:
    """A number's owner by name, or the number itself."""
    return next((person.name for person in EVERYBODY if person.number == number), number)
