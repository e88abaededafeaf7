"""Phrases, and looking for them in a text: token by token, so that no text takes long.

A phrase is written in words with spaces between. ``a|b`` is either, ``<name>`` any word of a list, ``word?``
may be missing, ``..`` is up to three words, and ``^`` and ``$`` are where a clause begins and ends:

    stop|quit <sending> me?        <take> me .. off <your> list        ^ wrong number $

No phrase begins or ends with ``..``, and none has two of them in a row, so from any word on only so many
words are looked at as the longest phrase has; there is nothing to backtrack into.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

#: Where a clause begins or ends. It is a token like any other, so ``..`` can't reach past it.
EDGE = "."
_GAP = frozenset({".."})
_LONGEST_GAP = 3

#: Signs that say something by themselves.
SIGNS = "🛑🚫✋⛔"

_APOSTROPHES = re.compile(r"['’‘ʼ`´]")
_LENGTHENED = re.compile(r"([^\W\d_])\1{2,}")
_TOKEN = re.compile(
    rf"[\u4e00-\u9fff]|(?:(?![\u4e00-\u9fff])[^\W_])+|[{SIGNS}]|[.,!?;:\n()\"«»“”—–。，！？；：、؟،؛]"
)

#: What may stand in each place of a sequence.
Places = tuple[frozenset[str], ...]
#: Words that may stand in one another's place, each cut into tokens.
Words = Sequence[tuple[str, ...]]


class PhraseError(ValueError):
    """A phrase in the data can't be read; the message shows it and says why."""


@dataclass(frozen=True)
class Phrase:
    """One phrase of the data.

    :param says: what it says where it stands; whoever looks for phrases knows what that means.
    """

    locale: str
    says: str
    written: str


@dataclass(frozen=True)
class Found:
    """Where a phrase stands: in ``tokens[begin:end]``."""

    phrase: Phrase
    begin: int
    end: int


def tokens(text: str, letters: Mapping[int, str]) -> list[str]:
    """A text's words as they are compared, with an ``EDGE`` before, after and between its clauses.

    Without case, width, accents, apostrophes and what can't be seen; "stoppp" is "stop". Every Chinese
    character is a word.

    :param letters: letters that count as another one, as :meth:`str.translate` takes them.
    """
    if not text.isascii():
        text = "".join(_plain(text)).translate(letters)
    text = _LENGTHENED.sub(r"\1", _APOSTROPHES.sub("", text.casefold()))
    found = [EDGE]
    for token in _TOKEN.findall(text):
        if token[0].isalnum() or token in SIGNS:
            found.append(token)
        elif found[-1] != EDGE:
            found.append(EDGE)
    if found[-1] != EDGE or len(found) == 1:
        found.append(EDGE)
    return found


def _plain(text: str) -> Iterator[str]:
    for character in unicodedata.normalize("NFKD", text):
        if unicodedata.category(character) not in {"Mn", "Me", "Cf"}:
            yield character


def sequences(written: str, lists: Mapping[str, Words], cut: Callable[[str], Sequence[str]]) -> list[Places]:
    """Read a phrase: every sequence of words that it stands for.

    :param lists: the lists of words that it may name, each word as a sequence of tokens.
    :param cut: cuts a piece of text into tokens.
    :raises PhraseError: it names a list that there is not, or ``..`` stands where it may not.
    """
    choices: list[list[Places]] = []
    for element in written.split():
        plain = element.removesuffix("?")
        choices.append([*_element(plain, lists, cut, written), *([()] if plain != element else [])])
    found = [tuple(token for part in parts for token in part) for parts in product(*choices)]
    for sequence in found:
        gaps = [place for place, tokens in enumerate(sequence) if tokens == _GAP]
        if not sequence or any(place in {0, len(sequence) - 1} or place - 1 in gaps for place in gaps):
            raise PhraseError(f"{written!r}: words have to stand around every '..'.")
    return found


def _element(
    element: str, lists: Mapping[str, Words], cut: Callable[[str], Sequence[str]], written: str
) -> list[Places]:
    """What may stand in an element's place: single tokens together, longer words each for itself."""
    if element == "..":
        return [(_GAP,)]
    words: list[tuple[str, ...]] = []
    for each in element.split("|"):
        if named := re.fullmatch(r"<(\w+)>", each):
            if named[1] not in lists:
                raise PhraseError(f"{written!r} names the list <{named[1]}>, which there is not.")
            words += lists[named[1]]
        else:
            words.append((EDGE,) if each in {"^", "$"} else tuple(cut(each)))
    if not all(words):
        raise PhraseError(f"{written!r}: there is no word in {element!r}.")
    single = frozenset(word[0] for word in words if len(word) == 1)
    longer = [tuple(frozenset({token}) for token in word) for word in words if len(word) > 1]
    return [*([(single,)] if single else []), *longer]


class Index:
    """Phrases in a tree, so that those which begin alike are followed together."""

    def __init__(self, phrases: Iterable[tuple[Phrase, Iterable[Places]]]) -> None:
        self._root = _Node()
        for phrase, ways in phrases:
            for sequence in ways:
                self._root.add(sequence, phrase)
        self._root.close()

    def find(self, said: Sequence[str]) -> list[Found]:
        """Every place in a text where a phrase stands, in the order of the text."""
        first = self._root.after
        return [
            found for begin, token in enumerate(said) if token in first for found in self.find_at(said, begin)
        ]

    def find_at(self, said: Sequence[str], begin: int) -> Iterator[Found]:
        """The phrases that begin at a place."""
        standing = {(self._root, 0)}  # where in the tree, and how many words may still be passed over there
        for place in range(begin, len(said)):
            token, reached = said[place], set[tuple[_Node, int]]()
            for node, passes in standing:
                if passes and token != EDGE:
                    reached.add((node, passes - 1))
                for child in node.after.get(token, ()):
                    for phrase in child.phrases:
                        yield Found(phrase, begin, place + 1)
                    reached.add((child, 0))
                    if child.gap is not None:
                        reached.add((child.gap, _LONGEST_GAP))
            if not reached:
                return
            standing = reached


class _Node:
    """Where several phrases that have begun alike may go on."""

    def __init__(self) -> None:
        self.phrases: tuple[Phrase, ...] = ()  # which end here
        self.gap: _Node | None = None  # where they go on after ".."
        self.after: dict[str, tuple[_Node, ...]] = {}
        self._children: dict[frozenset[str], _Node] = {}

    def add(self, sequence: Places, phrase: Phrase) -> None:
        node = self
        for tokens in sequence:
            if tokens == _GAP:
                node.gap = node.gap or _Node()
                node = node.gap
            else:
                node = node._children.setdefault(tokens, _Node())
        if phrase not in node.phrases:
            node.phrases = (*node.phrases, phrase)

    def close(self) -> None:
        """Once all phrases are there, say which way each token leads."""
        for tokens, child in self._children.items():
            for token in tokens:
                self.after[token] = (*self.after.get(token, ()), child)
            child.close()
        if self.gap is not None:
            self.gap.close()
