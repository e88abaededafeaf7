"""Keywords: which words may be one, how many, how long, and in whose language they are answered."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from bot import i18n
from bot.automation import answers
from bot.automation.models import KeywordAnswer, KeywordUse
from bot.dialogue import carrier
from bot.i18n import LOCALES


def ask(session, client, body, locale="en"):
    found = answers.answers_to(session, [client], body)
    return {each.name: answers.read(session, each, keyword_id, locale) for each, keyword_id in found.items()}


@pytest.mark.parametrize(
    "said", [*carrier.WORDS, "Stop!", "ＳＴＯＰ", "join", "pay", "24", "es", "español", "sí"]
)
def test_a_word_that_means_something_is_refused(session, pizza, now, said):
    with pytest.raises(answers.ReservedKeyword):
        answers.set_answer(session, pizza, said, "no", now=now)


@pytest.mark.parametrize("said", ["Enough", "basta", "Unsub", "alto", "stopp", "停止"])
def test_what_people_say_to_get_no_more_texts_is_refused(said):
    with pytest.raises(answers.ReservedKeyword):
        answers.check(said)


@pytest.mark.parametrize("locale", LOCALES)
def test_every_word_of_ours_is_refused_in_every_language(locale):
    single = [word for word in i18n.words("JOIN", [locale]) if word.isalnum()]
    assert single
    for word in single:
        with pytest.raises(answers.ReservedKeyword):
            answers.check(word)


@pytest.mark.parametrize(
    "said", ["", "h", "opening hours", "opening-hours", "a" * 21, "ho_urs", "🍕🍕", "!!"]
)
def test_a_keyword_is_one_word(session, pizza, now, said):
    with pytest.raises(answers.NoKeyword):
        answers.set_answer(session, pizza, said, "no", now=now)


@pytest.mark.parametrize("said", ["hours", "Hours?", " ¡HOURS! ", "hóurs", "ｈｏｕｒｓ", "hours."])
def test_case_accents_and_punctuation_make_no_difference(session, pizza, now, said):
    answers.set_answer(session, pizza, "Hours", "9 to 6", now=now)
    assert ask(session, pizza, said) == {"Pizza Palace": "Pizza Palace: 9 to 6"}


@pytest.mark.parametrize("said", ["hour", "hourss", "hours today", "", "what hours"])
def test_only_exactly_the_word_is_answered(session, pizza, now, said):
    answers.set_answer(session, pizza, "Hours", "9 to 6", now=now)
    assert ask(session, pizza, said) == {}


def test_it_is_answered_in_the_readers_language_or_the_clients_or_any(session, pizza, now):
    answers.set_answer(session, pizza, "hours", "von 9 bis 6", locale="fr", now=now)
    assert ask(session, pizza, "hours", "ar")["Pizza Palace"].endswith("von 9 bis 6")
    answers.set_answer(session, pizza, "hours", "9 to 6", now=now)
    answers.set_answer(session, pizza, "hours", "de 9 a 6", locale="es", now=now)
    assert ask(session, pizza, "hours", "es") == {"Pizza Palace": "Pizza Palace: de 9 a 6"}
    assert ask(session, pizza, "hours", "ar") == {"Pizza Palace": "Pizza Palace: 9 to 6"}


def test_twenty_words_fit_and_one_of_them_can_always_be_changed(session, pizza, now):
    for place in range(answers.MOST_KEYWORDS):
        answers.set_answer(session, pizza, f"word{place}", "yes", now=now)
    with pytest.raises(answers.TooManyKeywords):
        answers.set_answer(session, pizza, "another", "no", now=now)
    answers.set_answer(session, pizza, "word7", "changed", now=now)
    assert ask(session, pizza, "word7") == {"Pizza Palace": "Pizza Palace: changed"}
    answers.end_answer(session, pizza, "WORD7")
    answers.set_answer(session, pizza, "another", "yes", now=now)


def test_what_is_to_cut_makes_it_fit(session, pizza, now):
    text = "é" * 700
    with pytest.raises(answers.AnswerTooLong):
        answers.set_answer(session, pizza, "hours", text, now=now)
    text = text[: -answers.too_long_by(pizza, text)]
    assert answers.set_answer(session, pizza, "hours", text, now=now).segments == 5
    with pytest.raises(answers.AnswerTooLong):
        answers.set_answer(session, pizza, "hours", text + "é", now=now)


def test_an_ended_word_leaves_nothing(session, pizza, now):
    answers.set_answer(session, pizza, "hours", "9 to 6", now=now)
    (keyword_id,) = answers.answers_to(session, [pizza], "hours").values()
    answers.note_use(session, keyword_id, now=now)
    assert answers.listed(session, pizza)[0].uses == 1
    answers.end_answer(session, pizza, "hours")
    for table in (KeywordAnswer, KeywordUse):
        assert session.scalar(select(func.count()).select_from(table)) == 0
    with pytest.raises(answers.UnknownKeyword):
        answers.end_answer(session, pizza, "hours")
