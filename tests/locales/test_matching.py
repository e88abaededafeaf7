"""When a text is one of our words, and when it only begins like one."""

from __future__ import annotations

import pytest

from bot.dialogue.patterns import COUNT, NUMBER, PHRASE, WORDING, Heard, Match, word
from bot.i18n import LOCALES

JOIN_WHOM = word("JOIN", PHRASE)
LEAVE_WHICH = word("LEAVE", COUNT)


def in_any_language(body: str) -> Heard:
    return Heard(body, frozenset(LOCALES))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("JOIN pizza-palace", "pizza-palace"),
        ("join  Pizza Palace", "Pizza Palace"),
        ("Join: pizza", "pizza"),
        ("ＪＯＩＮ pizza", "pizza"),
        ("join\npizza", "pizza"),
        ("¡Unirme! pizza", "pizza"),
        ("únirme pizza", "pizza"),
        ("Rejoindre pizza-palace", "pizza-palace"),
        ("entrar pizza", "pizza"),
        ("加入 pizza", "pizza"),
        ("加入pizza", "pizza"),
        ("“加入” pizza", "pizza"),
        ("关注pizza-palace", "pizza-palace"),
        ("انضمام pizza", "pizza"),
        ("«انضمام» pizza", "pizza"),
    ],
)
def test_a_word_and_a_name_are_heard_in_every_language(body: str, said: str) -> None:
    match = JOIN_WHOM.match(in_any_language(body))
    assert match is not None
    assert match.arguments == {"said": said}


@pytest.mark.parametrize(
    "body",
    [
        "JOIN",
        "JOIN  us tonight for half-price pizza",
        "Joining is easy",
        "joinpizza",
        "Please join pizza",
        "¡Únete! pizza",  # how a Spanish announcement may begin, so it is none of our words
        "Rejoins-nous ce soir",
        "加入我们今晚的活动",
        "انضم إلينا الليلة",
        "",
        "   ",
    ],
)
def test_what_only_looks_like_a_word_and_a_name_is_not_heard(body: str) -> None:
    assert JOIN_WHOM.match(in_any_language(body)) is None


@pytest.mark.parametrize(
    ("english", "body"),
    [
        ("CONFIRM", "confirm"),
        ("CONFIRM", " Confirm! "),
        ("CONFIRM", "Confirmar"),
        ("CONFIRM", "confirmer"),
        ("CONFIRM", "确认"),
        ("CONFIRM", "确认。"),
        ("CONFIRM", "تأكيد"),
        ("CONFIRM", "تاكيد"),
        ("DISCARD", "Descartar."),
        ("SUBSCRIBERS", "Abonnés"),
        ("SUBSCRIBERS", "abonnes"),
        ("SUBSCRIBERS", "订阅者"),
        ("LEAVE", "désabonner"),
        ("LANG", "Language"),
    ],
)
def test_a_word_alone_is_heard_in_every_language(english: str, body: str) -> None:
    assert word(english).match(in_any_language(body)) is not None


@pytest.mark.parametrize("body", ["confirm please", "confirmation", "确认了", "Estado de sitio"])
def test_a_word_that_stands_alone_is_not_heard_in_a_sentence(body: str) -> None:
    for english in ("CONFIRM", "STATUS"):
        assert word(english).match(in_any_language(body)) is None


@pytest.mark.parametrize(
    ("body", "number"),
    [
        ("LEAVE 2", "2"),
        ("unsub 12", "12"),
        ("salir 2", "2"),
        ("退出2", "2"),
        ("退出 ２", "2"),
        ("مغادرة ٢", "٢"),
    ],
)
def test_a_number_after_a_word_is_heard_in_any_scripts_digits(body: str, number: str) -> None:
    match = LEAVE_WHICH.match(in_any_language(body))
    assert match is not None
    assert int(match.arguments["number"]) == int(number)


@pytest.mark.parametrize("body", ["LEAVE now", "LEAVE 2 please", "LEAVE 12345", "LEAVE"])
def test_what_is_no_number_after_a_word_is_not_heard(body: str) -> None:
    assert LEAVE_WHICH.match(in_any_language(body)) is None


def test_who_chose_a_language_has_its_words_and_the_english_ones_only() -> None:
    french = frozenset({"fr"})
    assert JOIN_WHOM.match(Heard("rejoindre pizza", french))
    assert JOIN_WHOM.match(Heard("join pizza", french))
    assert JOIN_WHOM.match(Heard("unirme pizza", french)) is None


@pytest.mark.parametrize(
    ("body", "locale"),
    [
        ("unirme pizza", "es"),
        ("rejoindre pizza", "fr"),
        ("加入pizza", "zh_Hans"),
        ("انضمام pizza", "ar"),
        ("join pizza", None),  # everybody's
        ("seguir pizza", None),  # Spanish and Portuguese alike
    ],
)
def test_a_word_of_one_language_tells_the_writers_language(body: str, locale: str | None) -> None:
    match = JOIN_WHOM.match(in_any_language(body))
    assert match is not None
    assert match.sole_locale == locale


@pytest.mark.parametrize(
    ("body", "locale", "text"),
    [
        ("ES: ¡Pizza a mitad de precio!", "es", "¡Pizza a mitad de precio!"),
        ("es:pizza", "es", "pizza"),
        ("pt-BR: Pizza pela metade", "pt_BR", "Pizza pela metade"),
        ("ZH：半价", "zh_Hans", "半价"),
        ("ar: نصف السعر\nالليلة", "ar", "نصف السعر\nالليلة"),
    ],
)
def test_a_wording_in_another_language_is_heard(body: str, locale: str, text: str) -> None:
    assert WORDING.match(in_any_language(body)) == Match({"locale": locale, "text": text})


@pytest.mark.parametrize("body", ["PS: see you", "Tonight: pizza", "ES pizza", "7:30 pizza"])
def test_a_text_with_a_colon_is_not_a_wording(body: str) -> None:
    assert WORDING.match(in_any_language(body)) is None


def test_a_bare_number_is_heard_in_any_scripts_digits() -> None:
    for body in ("2", " 2. ", "２", "٢"):
        match = NUMBER.match(in_any_language(body))
        assert match is not None
        assert int(match.arguments["number"]) == 2
    for body in ("2 pizzas", "two", "", "12345"):
        assert NUMBER.match(in_any_language(body)) is None
