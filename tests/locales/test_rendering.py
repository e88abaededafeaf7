"""What is said to whom: plurals, numbers, fallbacks, and the names of languages."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from sqlalchemy.orm import Session

from bot.audience.models import Client
from bot.dialogue.turn import Turn
from bot.i18n import LOCALES, Text, enumeration, fold, language_name, locale_named, money, n_, render
from bot.messaging.models import ContactPoint, Sender
from bot.messaging.segments import measure

ON_ITS_WAY = n_("It is on its way to {count} subscriber.", "It is on its way to {count} subscribers.")
TOO_LONG = n_(
    "That is too long: cut at least {count} character and text it again.",
    "That is too long: cut at least {count} characters and text it again.",
)
NEW_SUBSCRIBERS = n_(
    "You got a new subscriber! That makes {total} so far!",
    "You got {count} new subscribers! That makes {total} so far!",
)

PLURALS = {
    "en": {0: "subscribers", 1: "subscriber", 2: "subscribers", 11: "subscribers", 100: "subscribers"},
    "es": {0: "suscriptores", 1: "suscriptor", 2: "suscriptores", 11: "suscriptores", 100: "suscriptores"},
    "fr": {0: "abonné", 1: "abonné", 2: "abonnés", 3: "abonnés", 11: "abonnés", 100: "abonnés"},
    "pt_BR": {0: "inscrito", 1: "inscrito", 2: "inscritos", 3: "inscritos", 11: "inscritos"},
}


@pytest.mark.parametrize(
    ("locale", "count", "noun"),
    [(locale, count, noun) for locale, nouns in PLURALS.items() for count, noun in nouns.items()],
)
def test_a_noun_agrees_with_its_number(locale: str, count: int, noun: str) -> None:
    assert render(ON_ITS_WAY, locale, count=count).endswith(f" {count} {noun}.")


def test_chinese_has_one_form_for_every_number() -> None:
    for count in (0, 1, 2, 3, 11, 100):
        assert render(ON_ITS_WAY, "zh_Hans", count=count) == f"正在发送给 {count} 位订阅者。"


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, "0 حرف على"),
        (1, "حرفًا واحدًا على"),
        (2, "حرفين على"),
        (3, "3 أحرف على"),
        (10, "10 أحرف على"),
        (11, "11 حرفًا على"),
        (99, "99 حرفًا على"),
        (100, "100 حرف على"),
        (101, "101 حرف على"),
        (103, "103 أحرف على"),
        (111, "111 حرفًا على"),
    ],
)
def test_arabic_has_six_forms(count: int, said: str) -> None:
    assert f"احذف {said}" in render(TOO_LONG, "ar", count=count)


def test_a_form_for_one_may_leave_its_number_out() -> None:
    assert render(NEW_SUBSCRIBERS, "ar", count=2, total=7) == "لديك مشتركان جديدان! المجموع حتى الآن: 7!"
    assert render(NEW_SUBSCRIBERS, "en", count=1, total=1234).endswith("That makes 1,234 so far!")


@pytest.mark.parametrize(
    ("locale", "number"),
    [("en", "12,345"), ("es", "12.345"), ("fr", "12 345"), ("pt_BR", "12.345"), ("zh_Hans", "12,345")],
)
def test_numbers_are_written_as_the_reader_writes_them(locale: str, number: str) -> None:
    assert f" {number} " in render(ON_ITS_WAY, locale, count=12345)


@pytest.mark.parametrize("locale", ["en", "es", "fr", "pt_BR"])
def test_numbers_and_amounts_leave_a_text_in_gsm_7(locale: str) -> None:
    assert measure(render(Text("{count}"), locale, count=1234567)).encoding == "GSM-7"
    assert measure(money(Decimal("1234.50"), "USD", locale)).encoding == "GSM-7"


def test_amounts_are_written_as_the_reader_writes_them() -> None:
    assert money(Decimal("1234.5"), "USD", "en") == "$1,234.50"
    assert money(Decimal("1234.5"), "USD", "fr") == "1 234,50 $US"
    assert money(Decimal("1234.5"), "USD", "pt_BR") == "US$ 1.234,50"


def test_a_list_is_written_as_the_reader_writes_it() -> None:
    assert enumeration(["A", "B", "C"], "es") == "A, B y C"
    assert enumeration(["A", "B"], "zh_Hans") == "A和B"


@pytest.mark.parametrize("locale", LOCALES)
def test_a_text_without_a_translation_is_said_in_english(locale: str) -> None:
    assert render(Text("Nobody translated {what}."), locale, what="this") == "Nobody translated this."
    assert render(n_("{count} cow", "{count} cows"), locale, count=1) == "1 cow"
    assert render(n_("{count} cow", "{count} cows"), locale, count=11) == "11 cows"


def test_replies_are_in_what_one_chose_else_said_else_in_their_clients_language_else_in_english() -> None:
    turn = Turn(
        session=Session(),
        now=datetime(2026, 11, 23, tzinfo=UTC),
        provider_id="SM1",
        body="",
        number_texted="+15550100000",
        contact_point=ContactPoint(),
        sender=Sender(),
        chosen_locale=None,
        opt_out=None,
    )
    turn.clients, turn.followed = [], []
    assert turn.locale == "en"
    turn.followed = [Client(name="Boulangerie", locale="fr")]
    assert turn.locale == "fr"
    turn.client = Client(name="Pizzaria", locale="pt_BR")
    assert turn.locale == "pt_BR"
    turn.spoken_locale = "zh_Hans"
    assert turn.locale == "zh_Hans"
    turn.chosen_locale = "es"
    assert turn.locale == "es"


@pytest.mark.parametrize(
    ("locale", "reader", "name"),
    [
        ("es", "es", "español"),
        ("es", "en", "Spanish"),
        ("es", "zh_Hans", "西班牙语"),
        ("pt_BR", "pt_BR", "português"),
        ("zh_Hans", "zh_Hans", "中文"),
        ("ar", "ar", "العربية"),
        ("ar", "fr", "arabe"),
    ],
)
def test_a_language_is_called_what_the_reader_calls_it(locale: str, reader: str, name: str) -> None:
    assert language_name(locale, reader) == name


@pytest.mark.parametrize(
    ("said", "locale"),
    [
        ("es", "es"),
        (" ES ", "es"),
        ("español", "es"),
        ("Espanol", "es"),
        ("Spanish", "es"),
        ("西班牙语", "es"),
        ("pt-br", "pt_BR"),
        ("pt_BR", "pt_BR"),
        ("PT", "pt_BR"),
        ("Português!", "pt_BR"),
        ("zh", "zh_Hans"),
        ("zh-Hans", "zh_Hans"),
        ("中文", "zh_Hans"),
        ("عربي", None),
        ("العربية", "ar"),
        ("english", "en"),
        ("anglais", "en"),
        ("klingon", None),
        ("de", None),
        ("", None),
    ],
)
def test_a_language_is_known_by_its_code_and_by_its_name_in_any_language(
    said: str, locale: str | None
) -> None:
    assert locale_named(said) == locale


def test_a_country_that_we_do_not_write_for_gets_its_language() -> None:
    assert locale_named("es-MX") == "es"
    assert locale_named("pt-PT") == "pt_BR"
    assert locale_named("fr_CA") == "fr"
    assert locale_named("zh-Hant") == "zh_Hans"
    assert locale_named("de-AT") is None


@pytest.mark.parametrize(
    ("said", "folded"),
    [
        ("¡Únete!", "unete"),
        ("JOIN", "join"),
        ("ＪＯＩＮ", "join"),
        ("  Join.  ", "join"),
        ("“加入”", "加入"),
        ("«تأكيد»", "تاكيد"),
        ("تَأْكِيد", "تاكيد"),
        ("abonnés", "abonnes"),
        ("pizza-palace", "pizza-palace"),
        ("two  \n words", "two words"),
        ("__x__", "x"),
        ("!!!", ""),
    ],
)
def test_a_word_is_compared_without_case_width_accents_and_punctuation(said: str, folded: str) -> None:
    assert fold(said) == folded
