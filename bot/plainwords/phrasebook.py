"""The phrasebook: what ``locales/<locale>/optout.toml`` lists, read once and ready to be looked for.

A file has phrases by what they say: ``[clear]`` and ``[ambiguous]`` have those that are the ``whole`` text
and those that may stand ``anywhere`` in it; ``[guards]`` has those that take a phrase back where they stand
right ``before`` or ``after`` it or ``anywhere``, or that make it a ``doubt``; ``filler`` has the polite ones
that change nothing. ``[words]`` names lists for use in phrases, ``[letters]`` the letters that count as
another, and ``[spelling]`` the words that are ``meant`` by misspelt ones and those that are ``right``, alike
as they look.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from functools import cache
from typing import Any

from bot.i18n import CATALOGS, LOCALES
from bot.plainwords.phrases import EDGE, Index, Phrase, Places, sequences, tokens

CLEAR, AMBIGUOUS = "clear", "ambiguous"
BEFORE, AFTER, ANYWHERE, DOUBT = "before", "after", "anywhere", "doubt"
FILLER = "filler"


@cache
def read(locale: str) -> dict[str, Any]:
    """A language's file as it is."""
    return tomllib.loads((CATALOGS / locale / "optout.toml").read_text(encoding="utf-8"))


def wholes(locale: str) -> Iterator[Phrase]:
    """A language's phrases that are a whole text."""
    for says in (CLEAR, AMBIGUOUS):
        yield from (Phrase(locale, says, written) for written in read(locale)[says]["whole"])


def parts(locale: str) -> Iterator[Phrase]:
    """A language's phrases that may stand anywhere in a text, with its guards and polite words."""
    data = read(locale)
    listed = {says: data[says]["anywhere"] for says in (CLEAR, AMBIGUOUS)} | data["guards"]
    for says, phrases in (listed | {FILLER: data["filler"]}).items():
        yield from (Phrase(locale, says, written) for written in phrases)


@cache
def whole_texts() -> Index:
    """The phrases of all languages that are a whole text."""
    return Index((phrase, ways(phrase)) for locale in LOCALES for phrase in wholes(locale))


@cache
def anywhere() -> Index:
    """The phrases, guards and polite words of all languages that may stand anywhere in a text."""
    return Index((phrase, ways(phrase)) for locale in LOCALES for phrase in parts(locale))


def ways(phrase: Phrase) -> list[Places]:
    """Every sequence of words that a phrase stands for."""
    return sequences(phrase.written, _lists(phrase.locale), words)


def words(text: str) -> list[str]:
    """The words of a text, cut and plain, without the edges between its clauses."""
    return [token for token in tokens(text, letters()) if token != EDGE]


@cache
def letters() -> dict[int, str]:
    """The letters that count as another one, of all languages, for :meth:`str.translate`."""
    return str.maketrans({a: b for locale in LOCALES for a, b in read(locale).get("letters", {}).items()})


@cache
def right() -> frozenset[str]:
    """The words of all languages that are not misspelt, whatever they look like."""
    known = set[str]()
    for locale in LOCALES:
        known.update(words(read(locale)["spelling"].get("right", "")))
        for phrase in (*wholes(locale), *parts(locale)):
            known.update(word for way in ways(phrase) for place in way for word in place)
    return frozenset(known)


@cache
def meant(locale: str) -> dict[str, tuple[str, ...]]:
    """The words that others are misspellings of, by their first letter; this language's come first."""
    found: dict[str, tuple[str, ...]] = {}
    for each in in_order(locale):
        for word in words(read(each)["spelling"]["meant"]):
            found[word[0]] = (*found.get(word[0], ()), word)
    return found


@cache
def in_order(locale: str) -> tuple[str, ...]:
    """All languages, this one first."""
    return tuple(dict.fromkeys((locale, *LOCALES)))


@cache
def _lists(locale: str) -> dict[str, list[tuple[str, ...]]]:
    lists: dict[str, str] = read(locale)["words"]
    return {name: [tuple(words(word)) for word in listed.split()] for name, listed in lists.items()}
