"""Moments as people text them, in six languages: read exactly, or not at all."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from babel import Locale
from babel.dates import format_date
from hypothesis import given
from hypothesis import strategies as st

from bot.announcements.schedule import When
from bot.catalogs import extraction
from bot.dialogue.moments import read
from bot.i18n import LOCALES, first_word

MONDAY = date(2026, 11, 23)

SAID = [
    ("en", "fri 9am", When(9, weekday=4)),
    ("en", "Fri, 9 a.m.", When(9, weekday=4)),
    ("en", "on Friday at 9:30 pm", When(21, 30, weekday=4)),
    ("en", "tomorrow 18:00", When(18, days_ahead=1)),
    ("en", "today at 12pm", When(12, days_ahead=0)),
    ("en", "today 12am", When(0, days_ahead=0)),
    ("en", "nov 27 9 am", When(9, month=11, day=27)),
    ("en", "27 november 2026, 9:00", When(9, year=2026, month=11, day=27)),
    ("en", "November 3rd 9:00", When(9, month=11, day=3)),
    ("en", "11/27 9am", When(9, month=11, day=27)),
    ("en", "11/27/2027 9am", When(9, year=2027, month=11, day=27)),
    ("en", "2026-11-27 09:00", When(9, year=2026, month=11, day=27)),
    ("en", "Friday 27 November 9am", When(9, weekday=4, month=11, day=27)),
    ("es", "vie 9:00", When(9, weekday=4)),
    ("es", "viernes 28 de noviembre 9:00", When(9, weekday=4, month=11, day=28)),
    ("es", "el viernes a las 9 a. m.", When(9, weekday=4)),
    ("es", "mañana a las 21:00", When(21, days_ahead=1)),
    ("es", "MIÉ 9.30", When(9, 30, weekday=2)),
    ("es", "27 de noviembre de 2026 a las 9h", When(9, year=2026, month=11, day=27)),
    ("es", "27/11 18:15", When(18, 15, month=11, day=27)),
    ("fr", "ven. 9h", When(9, weekday=4)),
    ("fr", "vendredi à 9h30", When(9, 30, weekday=4)),
    ("fr", "demain 18h", When(18, days_ahead=1)),
    ("fr", "aujourd'hui 18:00", When(18, days_ahead=0)),
    ("fr", "le 1er déc. à 9h", When(9, month=12, day=1)),
    ("pt_BR", "sex 9h", When(9, weekday=4)),
    ("pt_BR", "na sexta-feira às 9h30", When(9, 30, weekday=4)),
    ("pt_BR", "amanhã às 18:00", When(18, days_ahead=1)),
    ("pt_BR", "27 de nov. 9h", When(9, month=11, day=27)),
    ("zh_Hans", "明天9点", When(9, days_ahead=1)),
    ("zh_Hans", "周五上午9点", When(9, weekday=4)),
    ("zh_Hans", "星期五 下午3点半 ", When(15, 30, weekday=4)),
    ("zh_Hans", "11月27日 18:00", When(18, month=11, day=27)),
    ("zh_Hans", "2026年11月27日晚上8点05分", When(20, 5, year=2026, month=11, day=27)),
    ("ar", "الجمعة 9 صباحًا", When(9, weekday=4)),
    ("ar", "غدًا الساعة 9:30", When(9, 30, days_ahead=1)),
    ("ar", "٢٧ نوفمبر ٩:٠٠ م", When(21, month=11, day=27)),
    ("ar", "27/11 18:00", When(18, month=11, day=27)),
]


@pytest.mark.parametrize(("locale", "text", "when"), SAID, ids=[text for _, text, _ in SAID])
def test_a_moment_is_read_as_its_language_writes_it_and_the_text_follows(locale, text, when):
    found = read(f"{text} 半价 Half-price\npizza, 2 for 1!", [locale])
    assert found is not None
    assert (found.when, found.rest) == (when, "半价 Half-price\npizza, 2 for 1!")


@pytest.mark.parametrize(
    ("locale", "text"),
    [
        ("en", "fri 9 tables for two"),  # nine what?
        ("en", "fri 9 a pizza"),
        ("en", "fri 25:00 x"),
        ("en", "fri 9:60 x"),
        ("en", "fri 13pm x"),
        ("en", "fri 0am x"),
        ("en", "9am fri x"),
        ("en", "feb 30 9am x"),
        ("en", "27/11 9am x"),  # English has the month first
        ("en", "frid 9am x"),
        ("en", "fri"),
        ("en", ""),
        ("en", "vie 9:00 x"),  # another language's word
        ("es", "marzo 9:00 x"),
        ("es", "11/27 9:00 x"),
        ("fr", "ven 9 x"),
        ("zh_Hans", "明天半价披萨"),
        ("zh_Hans", "明天25点 x"),
        ("zh_Hans", "明天晚上12点 x"),  # of which day?
        ("zh_Hans", "2月30日9点 x"),
        ("ar", "الجمعة بيتزا"),
    ],
)
def test_what_is_not_in_the_grammar_is_not_guessed(locale, text):
    assert read(text, [locale]) is None


def test_half_price_after_the_hour_is_no_half_past():
    found = read("明天9点半价披萨", ["zh_Hans"])
    assert (found.when, found.rest) == (When(9, days_ahead=1), "半价披萨")


def test_a_word_of_several_languages_is_the_writers():
    """March is no Tuesday, and mardi is."""
    assert read("mar 9 9:00 x", ["en", "fr"]).when == When(9, month=3, day=9)
    assert read("mar 9:00 x", ["fr", "en"]).when == When(9, weekday=1)
    assert read("fri 9am x", ["ar"]).when == When(9, weekday=4), "English is everybody's"


@given(
    locale=st.sampled_from(LOCALES),
    day=st.dates(date(2026, 1, 1), date(2027, 12, 31)),
    hour=st.integers(0, 23),
    minute=st.integers(0, 59),
    form=st.sampled_from(["EEEE", "EEE", "d MMMM", "d MMM", "d MMMM y"]),
)
def test_whatever_babel_writes_is_read_back(locale, day, hour, minute, form):
    if locale == "zh_Hans":
        form = form.replace("d MMMM y", "y年M月d日").replace("d MMMM", "M月d日").replace("d MMM", "M月d日")
    said = format_date(day, form, locale=locale)
    found = read(f"{said} {hour}:{minute:02} x", [locale])
    assert found is not None, said
    expected = {"weekday": day.weekday()} if "E" in form else {"month": day.month, "day": day.day}
    if "y" in form:
        expected["year"] = day.year
    assert found.when == When(hour, minute, **expected)


@pytest.mark.parametrize("locale", LOCALES)
def test_the_example_in_each_language_is_one(locale):
    message = extraction.read(locale, "messages").get(
        "Text a day, a time and your text, like this: SCHEDULE fri 9am Half-price pizza"
    )
    example = re.split(first_word("SCHEDULE", locale) + " ", message.string)[1]
    assert read(example, [locale]).when == When(9, weekday=4)
    assert Locale.parse(locale)


def test_every_day_of_a_week_has_a_name_in_every_language():
    for locale in LOCALES:
        for ahead in range(7):
            day = MONDAY + timedelta(days=ahead)
            for width in ("EEEE", "EEE"):
                said = format_date(day, width, locale=locale)
                assert read(f"{said} 9:00 x", [locale]).when == When(9, weekday=ahead), said
