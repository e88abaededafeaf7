"""What people text: every language's words, and the words that our texts tell them to text."""

from __future__ import annotations

import re
from functools import cache
from itertools import combinations

import pytest

import flows
from bot.catalogs import extraction
from bot.dialogue import carrier
from bot.dialogue.patterns import Heard
from bot.i18n import ENGLISH, LOCALES, fold, words
from flows.commands import RESERVED

CARRIERS = ("STOP", "START", "HELP")
OURS = tuple(message.id for message in extraction.extract("words") if message.id)
#: What is written in capitals without being a word of ours: SMS, and a language's code as an example.
OTHER_CAPITALS = {"SMS", "MMS", "MB", "JPEG", "PNG", "GIF", "ZH"}


read = cache(extraction.read)


def listed(word: str, locale: str) -> list[str]:
    """A word's translations as ``words.po`` lists them; the first is the one that texts name."""
    message = read(locale, "words").get(word)
    assert message is not None
    return [each.strip() for each in message.string.split(",")]


def named_in(text: str, candidates: tuple[str, ...]) -> set[str]:
    return {word for word in candidates if re.search(rf"\b{word}\b", text)}


def every_form(locale: str) -> list[tuple[str, str]]:
    """Every text of a locale with the English one: (English, translation), a pair for each plural form."""
    return [
        (message.id if isinstance(message.id, str) else message.id[1], form)
        for message in read(locale, "messages")
        if message.id
        for form in extraction.forms(message)
    ]


@pytest.mark.parametrize("locale", LOCALES)
def test_a_text_names_the_first_of_its_languages_words(locale: str) -> None:
    for english, text in every_form(locale):
        for word in named_in(english, OURS):
            first = listed(word, locale)[0]
            assert first == first.upper()
            # Chinese puts no space between words, so there is no end of a word to look for.
            assert re.search(re.escape(first) if locale == "zh_Hans" else rf"\b{first}\b", text), text


@pytest.mark.parametrize("locale", LOCALES)
def test_a_text_names_the_carriers_words_in_english(locale: str) -> None:
    for english, text in every_form(locale):
        # To Unicode a Chinese or Arabic letter beside STOP belongs to the same word; to a reader it doesn't.
        assert set(re.findall("STOP|START|HELP", text)) == named_in(english, CARRIERS), text


@pytest.mark.parametrize("locale", LOCALES)
def test_a_text_names_no_word_that_does_nothing(locale: str) -> None:
    firsts = {listed(word, locale)[0] for word in OURS}
    for _, text in every_form(locale):
        without_placeholders = re.sub(r"\{\w+\}", "", text)
        assert set(re.findall("[A-ZÀ-Þ]{2,}", without_placeholders)) <= {*firsts, *CARRIERS, *OTHER_CAPITALS}


@pytest.mark.parametrize("locale", LOCALES)
def test_a_listed_word_is_accepted_and_not_listed_twice(locale: str) -> None:
    for word in OURS:
        folded = [fold(each) for each in listed(word, locale)]
        assert all(folded)
        assert len(set(folded)) == len(folded)
        assert {*folded, fold(word)} <= words(word, [locale])


@pytest.mark.parametrize("locale", LOCALES)
def test_no_word_of_ours_is_a_carriers_word(locale: str) -> None:
    for word in OURS:
        for each in listed(word, locale):
            # YES is Twilio's only for a phone that said STOP, where lifting the block is what it asks for.
            assert carrier.meant(each, None) is None or (word, each) == ("YES", "YES")


def test_no_flow_answers_to_a_carriers_word() -> None:
    patterns = [
        row.says for flow in flows.FLOWS for row in (*flow.script, *flow.answers) if row.says.specific
    ]
    assert len(patterns) > 20
    for said in carrier.WORDS.keys() - {"yes"}:
        for pattern in patterns:
            assert pattern.match(Heard(said, frozenset(LOCALES))) is None, (said, pattern.name)


def test_only_announcing_answers_to_yes() -> None:
    heard = Heard("yes", frozenset(LOCALES))
    answering = {
        flow.__name__
        for flow in flows.FLOWS
        for row in (*flow.script, *flow.answers)
        if row.says.specific and row.says.match(heard)
    }
    assert answering <= {"Announce", "Schedule"}


def test_no_two_words_are_alike_in_any_languages() -> None:
    for one, other in combinations(OURS, 2):  # somebody who chose no language may use them all
        assert not words(one, LOCALES) & words(other, LOCALES), (one, other)


def test_no_word_is_one_that_is_kept_for_later() -> None:
    kept = {fold(reserved) for reserved in RESERVED}
    for word in OURS:
        assert not words(word, LOCALES) & kept


def test_english_words_count_in_every_language() -> None:
    for word in OURS:
        for locale in LOCALES:
            assert words(word, [ENGLISH]) <= words(word, [locale])


def test_a_languages_words_are_not_every_languages() -> None:
    assert "unirme" in words("JOIN", ["es"])
    assert "unirme" not in words("JOIN", ["fr"])


def test_a_word_that_is_known_in_english_only_is_itself() -> None:
    assert words("PAY", LOCALES) == {"pay"}
