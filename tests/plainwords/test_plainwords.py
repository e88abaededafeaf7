"""Opting out in plain words: phrases say what they are listed for, and no text takes long."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.i18n import LOCALES
from bot.plainwords import phrasebook
from bot.plainwords.judging import Wish, judge
from bot.plainwords.phrases import EDGE, Phrase, PhraseError, sequences, tokens
from tests.plainwords.texts import DEVELOPMENT, HELD_OUT, texts

PLACES_LOOKED_AT_PER_WORD = 25  # more than the longest phrase has words


@pytest.mark.parametrize("locale", LOCALES)
def test_the_texts_that_rules_are_made_on_are_taken_as_they_are_meant(locale):
    wrong = [
        (text, wish.value, judge(text, locale))
        for wish, text in texts(DEVELOPMENT, locale)
        if judge(text, locale).wish is not wish
    ]
    assert wrong == []


@pytest.mark.parametrize("reader", LOCALES)
def test_people_may_write_in_another_language_than_they_read(reader):
    wrong = [
        (text, wish.value, judge(text, reader))
        for locale in LOCALES
        for wish, text in texts(DEVELOPMENT, locale)
        if judge(text, reader).wish is not wish
    ]
    assert wrong == []


def samples(phrase: Phrase) -> Iterator[str]:
    """Texts that a phrase stands for: each word of it is in one of them, and gaps are open or closed."""
    for way in phrasebook.ways(phrase):
        places = [sorted(place) for place in way]
        for turn in range(max(len(place) for place in places)):
            for between in ("", "qq"):
                said = [place[turn % len(place)] for place in places]
                yield " ".join(between if word == ".." else word for word in said)


LISTED = [
    phrase
    for locale in LOCALES
    for phrase in (*phrasebook.wholes(locale), *phrasebook.parts(locale))
    if phrase.says in {phrasebook.CLEAR, phrasebook.AMBIGUOUS}
]


@pytest.mark.parametrize("locale", LOCALES)
def test_every_phrase_says_what_it_is_listed_for_and_none_says_another_thing(locale):
    wrong = [
        (phrase.says, phrase.written, sample, judge(sample, locale))
        for phrase in LISTED
        if phrase.locale == locale
        for sample in samples(phrase)
        if judge(sample, locale).wish is not Wish(phrase.says)
    ]
    assert wrong == []


def test_no_phrase_is_listed_twice():
    written = [(phrase.locale, phrase.written) for phrase in LISTED]
    assert sorted({each for each in written if written.count(each) > 1}) == []


@pytest.mark.parametrize("locale", LOCALES)
def test_what_judges_the_rules_was_not_used_to_make_them(locale):
    def plain(collection: str) -> set[str]:
        return {" ".join(phrasebook.words(text)) for _wish, text in texts(collection, locale)}

    assert plain(HELD_OUT) & plain(DEVELOPMENT) == set()


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        ("S T O P", Wish.CLEAR),
        ("s\u200bt\u200bo\u200bp texting me", Wish.CLEAR),
        ("ｓｔｏｐ　ｔｅｘｔｉｎｇ　ｍｅ", Wish.CLEAR),
        ("STOP TEXTING ME" * 60, Wish.ORDINARY),  # no words
        ("stoooop texting me", Wish.CLEAR),
        ("stop texting me " + "please " * 200, Wish.CLEAR),
        ("pizza " * 250 + "take me off this list", Wish.CLEAR),
        ("Je ne veux plus de pizza. stop texting me", Wish.CLEAR),
        ("عندي سؤال stop texting me", Wish.CLEAR),
        ("🛑", Wish.CLEAR),
        ("🛑 🍕", Wish.CLEAR),
        ("pizza 🛑 here", Wish.ORDINARY),
        ("🚫", Wish.AMBIGUOUS),
        ("unsubscribe me from your list but keep John's", Wish.AMBIGUOUS),
        ("no", Wish.ORDINARY),
        ("", Wish.ORDINARY),
        ("\u200b\u200d", Wish.ORDINARY),
        ("!!!", Wish.ORDINARY),
        ("٣", Wish.ORDINARY),
        ("shop", Wish.ORDINARY),
        ("step", Wish.ORDINARY),
        ("don't stop texting me", Wish.ORDINARY),
        ("please, don't, stop texting me", Wish.CLEAR),
    ],
)
def test_odd_texts(text, wish):
    assert judge(text, "en").wish is wish


class Counted(list[str]):
    """Words that count how often they are looked at."""

    looked_at = 0

    def __getitem__(self, place: Any) -> Any:
        self.looked_at += 1
        return super().__getitem__(place)


@settings(deadline=None)
@given(st.lists(st.sampled_from([*sorted(phrasebook.right()), "qq", EDGE]), min_size=1, max_size=300))
def test_no_text_takes_more_than_a_few_looks_at_each_word(said):
    counted = Counted(said)
    phrasebook.anywhere().find(counted)
    assert counted.looked_at <= PLACES_LOOKED_AT_PER_WORD * len(said)


@pytest.mark.parametrize(
    "text", ["stop sending me ", "dont want ", "不要再发", "从名单", "لا اريد ", "ne veux plus ", "no mas "]
)
def test_nothing_that_is_said_over_and_over_takes_long(text):
    counted = Counted(tokens(text * 400, phrasebook.letters()))
    phrasebook.anywhere().find(counted)
    assert counted.looked_at <= PLACES_LOOKED_AT_PER_WORD * len(counted)


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        (".. stop", "words have to stand around"),
        ("stop ..", "words have to stand around"),
        ("stop .. .. now", "words have to stand around"),
        ("stop .. now?", "words have to stand around"),
        ("<nothing> now", "names the list <nothing>"),
        ("stop ! now", "there is no word in '!'"),
    ],
)
def test_a_phrase_that_can_not_be_read_is_refused_with_the_reason(written, complaint):
    with pytest.raises(PhraseError, match=complaint):
        sequences(written, {}, phrasebook.words)
