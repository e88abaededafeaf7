"""Opting out in words of one's own: what a text says about getting texts.

47 CFR 64.1200(a)(10) lets people revoke consent by any reasonable means, not by STOP alone. A text is CLEAR
("take me off this list"), AMBIGUOUS ("enough"), or ORDINARY ("can you stop by at 6?"), by the phrases that
each language's ``optout.toml`` lists. To end somebody's texts who wanted them is as bad as to go on texting
somebody who did not; so a text is clear only when a phrase says so and nothing beside it takes that back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from rapidfuzz.distance import OSA

from bot.plainwords import phrasebook
from bot.plainwords.phrases import EDGE, Found, Phrase, tokens

#: A word may differ from the one that was meant by one slip of the finger, a long one by two.
LONG_WORD = 8
SHORTEST_MISSPELT = 4

#: What is longer than this, in words, is no mere phrase with polite words around it.
LONGEST_WHOLE = 12


class Wish(Enum):
    """What a text says about getting texts."""

    CLEAR = phrasebook.CLEAR
    AMBIGUOUS = phrasebook.AMBIGUOUS
    ORDINARY = "ordinary"


@dataclass(frozen=True)
class Verdict:
    """What a text was taken for, by which phrase, of which language; an ordinary text has neither."""

    wish: Wish
    phrase: str = ""
    locale: str | None = None


def judge(text: str, locale: str) -> Verdict:
    """Say what a text wishes. People write in other languages than they read, so all are looked at.

    :param locale: the writer's language: where several languages know a phrase, it is taken as that one's.
    """
    said = _spelt(tokens(text, phrasebook.letters()), locale)
    found = [*_whole(said), *_standing(phrasebook.anywhere().find(said))]
    for wish in (Wish.CLEAR, Wish.AMBIGUOUS):
        for each in phrasebook.in_order(locale):
            for phrase in found:
                if phrase.says == wish.value and phrase.locale == each:
                    return Verdict(wish, phrase.written, each)
    return Verdict(Wish.ORDINARY)


def _whole(said: Sequence[str]) -> Iterator[Phrase]:
    """The phrases that a text is, but for polite words around it."""
    bare = [token for token in said if token != EDGE]
    if len(bare) > LONGEST_WHOLE:
        return
    polite = [each for each in phrasebook.anywhere().find(bare) if each.phrase.says == phrasebook.FILLER]
    ends = _back_from(len(bare), polite)
    for begin in _on_from(0, polite):
        for found in phrasebook.whole_texts().find_at(bare, begin):
            if found.end in ends:
                yield found.phrase


def _standing(found: Sequence[Found]) -> Iterator[Phrase]:
    """The phrases in a text that nothing around them takes back, or as what makes them doubtful."""
    polite = [each for each in found if each.phrase.says == phrasebook.FILLER]
    for each in found:
        if each.phrase.says not in (phrasebook.CLEAR, phrasebook.AMBIGUOUS):
            continue
        begins = _back_from(each.begin, polite)
        around = [other for other in found if other.phrase.locale == each.phrase.locale]
        if any(
            (other.phrase.says == phrasebook.BEFORE and other.end in begins)
            or (other.phrase.says == phrasebook.AFTER and other.begin == each.end)
            or other.phrase.says == phrasebook.ANYWHERE
            for other in around
        ):
            continue
        doubtful = any(other.phrase.says == phrasebook.DOUBT for other in around)
        yield replace(each.phrase, says=phrasebook.AMBIGUOUS) if doubtful else each.phrase


def _back_from(place: int, polite: Sequence[Found]) -> set[int]:
    """A place, and those that only polite words part from it to its left."""
    places = {place}
    for each in sorted(polite, key=lambda each: each.end, reverse=True):
        if each.end in places:
            places.add(each.begin)
    return places


def _on_from(place: int, polite: Sequence[Found]) -> list[int]:
    """A place, and those that only polite words part from it to its right."""
    places = [place]
    for each in sorted(polite, key=lambda each: each.begin):
        if each.begin in places:
            places.append(each.end)
    return list(dict.fromkeys(places))


def _spelt(said: list[str], locale: str) -> list[str]:
    """The tokens, with the few words that matter put right where misspelt; the first letter rarely is."""
    right, meant = phrasebook.right(), phrasebook.meant(locale)
    return [
        token
        if len(token) < SHORTEST_MISSPELT or token in right or not token.isalpha()
        else _meant(token, meant.get(token[0], ()))
        for token in said
    ]


def _meant(token: str, candidates: Iterable[str]) -> str:
    for word in candidates:
        slips = 2 if len(word) >= LONG_WORD else 1
        if OSA.distance(token, word, score_cutoff=slips) <= slips:
            return word
    return token
