"""What somebody may say: the left column of a flow's script."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property

from rapidfuzz import fuzz

from bot import i18n

#: A word with more than this after it is a sentence, not a command: "Join us tonight for half-price pizza!".
LONGEST_PHRASE_WORDS = 4
LONGEST_PHRASE = 40

#: How alike a slip of the finger is to the word that was meant, of 100: CONFRIM, COMFIRM, DISCAR.
ALIKE = 80


@dataclass(frozen=True)
class Heard:
    """A text, and the locales whose words its writer may use."""

    body: str
    locales: frozenset[str]

    @cached_property
    def beginnings(self) -> tuple[tuple[str, str], ...]:
        """The text's first one to three words, folded, each with what follows; found once."""
        return tuple(_beginnings(self.body))


@dataclass(frozen=True)
class Match:
    """What a pattern found: arguments for the flow's method, and the locales that the word belongs to."""

    arguments: dict[str, str] = field(default_factory=dict)
    locales: frozenset[str] = frozenset()

    @property
    def sole_locale(self) -> str | None:
        """The one language that the word can be from, where there is just one."""
        return next(iter(self.locales)) if len(self.locales) == 1 else None


@dataclass(frozen=True)
class Pattern:
    """Something that can be said; ``name`` labels it in diagrams.

    :param specific: it names something. Only ``ANYTHING`` does not, so it is tried last.
    """

    name: str
    match: Callable[[Heard], Match | None]
    specific: bool = True


@dataclass(frozen=True)
class Rest:
    """What may follow a word, and under which name and how the flow's method receives it."""

    argument: str
    accepts: Callable[[str], bool]
    read: Callable[[str], str] = str


def _is_phrase(text: str) -> bool:
    return 0 < len(text) <= LONGEST_PHRASE and len(text.split()) <= LONGEST_PHRASE_WORDS


def _is_number(text: str) -> bool:
    return re.fullmatch(r"\d{1,4}", i18n.fold(text)) is not None


#: A few words, like a business's name.
PHRASE = Rest("said", _is_phrase)
#: A number from a list that was shown; any script's digits.
COUNT = Rest("number", _is_number, read=i18n.fold)
#: Whatever follows, however long.
TEXT = Rest("said", bool)
#: One thing with a digit in it, like an order's number or an amount.
REFERENCE = Rest("said", lambda text: len(text.split()) == 1 and any(map(str.isdigit, text)))


def word(english: str, then: Rest | None = None) -> Pattern:
    """A word of ours, alone or with something after it; ``words.po`` has it in every language."""

    def match(heard: Heard) -> Match | None:
        for said, rest in heard.beginnings:
            if said in i18n.words(english, heard.locales):
                if then is None:
                    return Match({}, _locales_of(english, said)) if not rest else None
                if not then.accepts(rest):
                    return None
                return Match({then.argument: then.read(rest)}, _locales_of(english, said))
        return None

    return Pattern(english if then is None else f"{english} <{then.argument}>", match)


def setting(english: str, accepts: Callable[[str], bool]) -> Pattern:
    """``WELCOME 2 3d ES: …`` or ``ANSWER HOURS: …``: a word of ours, what is meant, a colon, and the words.

    :param accepts: whether what stands between the word and the colon means something; else it is a sentence.
    """

    def match(heard: Heard) -> Match | None:
        found = re.match(r"\s*([^\n:：]{1,60}?)\s*[:：]\s*(.*)", heard.body, re.DOTALL)
        for said, meant in _beginnings(found[1]) if found else ():
            if found and said in i18n.words(english, heard.locales) and accepts(meant):
                return Match({"meant": meant, "text": found[2].strip()}, _locales_of(english, said))
        return None

    return Pattern(f"{english} …: …", match)


def is_said(pattern: Pattern, text: str) -> bool:
    """Whether a text says this in any of our languages."""
    return pattern.match(Heard(text, frozenset(i18n.LOCALES))) is not None


def english_word(english: str, then: Rest | None = None) -> Pattern:
    """A word that is only known in English, so that no other language loses one of its own to it."""
    return word(english, then)


def in_any_language(pattern: Pattern) -> Pattern:
    """The same, whatever language the writer chose: who chose a wrong one must find back."""
    return replace(pattern, match=lambda heard: pattern.match(Heard(heard.body, frozenset(i18n.LOCALES))))


def nearly(*english: str) -> Pattern:
    """A single word that is not quite one of these, in any of the writer's languages."""

    def match(heard: Heard) -> Match | None:
        said = i18n.fold(heard.body)
        meant = frozenset().union(*(i18n.words(each, heard.locales) for each in english))
        alike = " " not in said and any(fuzz.ratio(said, each) >= ALIKE for each in meant)
        return Match() if alike and said not in meant else None

    return Pattern("nearly " + " or ".join(english), match)


def _beginnings(body: str) -> Iterable[tuple[str, str]]:
    """A text's first one to three words, folded, each with what follows; the longest first.

    Chinese puts no space after a word, so a start in Chinese characters also ends where they do.
    """
    tokens = body.split(maxsplit=3)
    for count in range(min(3, len(tokens)), 0, -1):
        rest = body.split(maxsplit=count)[count:]
        yield i18n.fold(" ".join(tokens[:count])), rest[0].strip() if rest else ""
    chinese = re.match(r"\s*([\u4e00-\u9fff]{1,4})(?=[^\u4e00-\u9fff])(.*)", body, re.DOTALL)
    if chinese:
        yield chinese[1], chinese[2].strip()


def _locales_of(english: str, said: str) -> frozenset[str]:
    """The languages that a word is from; none when it is the English one, which is everybody's."""
    if said in i18n.words(english, []):
        return frozenset()
    return frozenset(locale for locale in i18n.LOCALES if said in i18n.words(english, [locale]))


def _match_wording(heard: Heard) -> Match | None:
    """``ES: …`` or ``pt-BR: …``: a wording in a language that we write."""
    found = re.match(r"\s*([A-Za-z]{2}(?:[-_][A-Za-z]{2,4})?)\s*[:：]\s*(.*)", heard.body, re.DOTALL)
    locale = i18n.locale_named(found[1]) if found else None
    return Match({"locale": locale, "text": found[2].strip()}) if found and locale else None


def _match_other_wording(heard: Heard) -> Match | None:
    """``DE: …``, in capitals: a wording in a language that exists, but that we don't write."""
    found = re.match(r"\s*([A-Z]{2})\s*[:：]", heard.body)
    if found is None or i18n.locale_named(found[1]) or not i18n.is_language(found[1]):
        return None
    return Match({"code": found[1].lower()})


WORDING = Pattern("ES: …", _match_wording)
OTHER_WORDING = Pattern("DE: …", _match_other_wording)
NUMBER = Pattern(
    "a number",
    lambda heard: Match({"number": i18n.fold(heard.body)}) if _is_number(heard.body) else None,
)
#: After something that was set: not any more.
OFF = word("OFF")
ANYTHING = Pattern("anything else", lambda _heard: Match(), specific=False)
