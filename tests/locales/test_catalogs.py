"""The catalogs: complete, in step with the code, and faithful to every placeholder and plural."""

from __future__ import annotations

import gettext
import re
import shutil
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from string import Formatter

import pytest
from babel import Locale
from babel.messages.catalog import Message
from babel.messages.plurals import get_plural

from bot.catalogs import extraction
from bot.i18n import CATALOGS, ENGLISH, LOCALES

EVERY_CATALOG = [(locale, domain) for locale in LOCALES for domain in extraction.MARKS]

#: Enough to see every plural form. From a million on, CLDR has forms that gettext's rules leave out.
NUMBERS = (*range(201), 12_345, 999_999)


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The catalogs, copied to where they may be changed."""
    shutil.copytree(CATALOGS, tmp_path / "locales")
    monkeypatch.setattr(extraction, "CATALOGS", tmp_path / "locales")
    return tmp_path / "locales"


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def form_of(locale: str) -> Callable[[int], int]:
    """Which form gettext takes for a number, as the catalog's own header says."""
    header = extraction.po_path(locale, "messages").read_text(encoding="utf-8").partition("\n\n")[0]
    rule = re.search(r"plural=(.*);\\n", header)
    assert rule
    return gettext.c2py(rule[1])


def numbers_by_form(locale: str) -> dict[int, list[int]]:
    """The numbers, in order, that each plural form is for."""
    form, numbers = form_of(locale), defaultdict(list)
    for number in NUMBERS:
        numbers[form(number)].append(number)
    return numbers


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def english(message: Message) -> tuple[str, str]:
    return (message.id, message.id) if isinstance(message.id, str) else message.id


def messages(locale: str) -> list[Message]:
    return [message for message in extraction.read(locale, "messages") if message.id]


@pytest.mark.parametrize(("locale", "domain"), EVERY_CATALOG)
def test_every_catalog_is_complete_and_in_step_with_the_code(locale: str, domain: str) -> None:
    assert list(extraction.gaps(locale, domain)) == []
    assert len(extraction.read(locale, domain)) == len(extraction.extract(domain)) > 1


def test_the_code_says_what_we_know_it_says() -> None:
    said = {message.id for message in extraction.extract("messages")}
    assert "Dropped. Nothing was sent." in said
    assert ("{count} delivered", "{count} delivered") in said
    words = {message.id for message in extraction.extract("words") if message.id}
    assert {"JOIN", "LEAVE", "LANG", "CONFIRM", "DISCARD", "STATUS"} < words
    assert "PAY" not in words, "a word that is only known in English is not for translation"


def test_a_missing_text_is_found(copied: Path) -> None:
    change(copied / "es" / "messages.po", 'msgid "Dropped. Nothing was sent."', 'msgid "Something else."')
    assert "locales/es/messages.po lacks 'Dropped. Nothing was sent.'." in extraction.gaps("es", "messages")


def test_an_untranslated_text_is_found(copied: Path) -> None:
    change(copied / "es" / "messages.po", '"Descartado. No se ha enviado nada."', '""')
    assert any("untranslated" in gap for gap in extraction.gaps("es", "messages"))


def test_an_empty_plural_form_is_found(copied: Path) -> None:
    change(copied / "ar" / "messages.po", 'msgstr[5] "إعلانك في طريقه إلى {count} مشتركًا."', 'msgstr[5] ""')
    assert any("plural form" in gap for gap in extraction.gaps("ar", "messages"))


def test_a_guess_is_found(copied: Path) -> None:
    change(copied / "fr" / "words.po", 'msgid "JOIN"', '#, fuzzy\nmsgid "JOIN"')
    assert any("only guesses 'JOIN'" in gap for gap in extraction.gaps("fr", "words"))


def test_a_text_that_nothing_says_any_more_is_found(copied: Path) -> None:
    path = copied / "fr" / "words.po"
    path.write_text(path.read_text(encoding="utf-8") + '\nmsgid "OLD"\nmsgstr "VIEUX"\n', encoding="utf-8")
    assert any("out of step" in gap for gap in extraction.gaps("fr", "words"))


def test_an_update_keeps_translations_leaves_new_texts_empty_and_drops_old_ones(copied: Path) -> None:
    spanish = copied / "es" / "messages.po"
    before = spanish.read_text(encoding="utf-8")
    change(spanish, 'msgid "Dropped. Nothing was sent."', 'msgid "Dropped. Nothing was sent"')
    extraction.update()
    entry = '\nmsgid "Dropped. Nothing was sent."\nmsgstr '
    quoted = '"Descartado. No se ha enviado nada."'
    assert spanish.read_text(encoding="utf-8") == before.replace(entry + quoted, entry + '""')


def test_an_update_translates_new_english_texts_by_themselves(copied: Path) -> None:
    change(copied / "en" / "messages.po", 'msgid "Dropped. Nothing was sent."', 'msgid "Something else."')
    extraction.update()
    assert list(extraction.gaps("en", "messages")) == []


def test_an_update_of_what_is_in_step_changes_nothing(copied: Path) -> None:
    extraction.update()
    for path in sorted(copied.rglob("*.po")):
        assert path.read_bytes() == (CATALOGS / path.relative_to(copied)).read_bytes()


def test_english_says_what_the_code_says() -> None:
    for message in messages(ENGLISH):
        assert message.string == message.id


@pytest.mark.parametrize(("locale", "domain"), EVERY_CATALOG)
def test_the_plural_rule_is_babels(locale: str, domain: str) -> None:
    text = extraction.po_path(locale, domain).read_text(encoding="utf-8")
    assert f'"Plural-Forms: {get_plural(locale).plural_forms}\\n"' in text


@pytest.mark.parametrize("locale", LOCALES)
def test_numbers_share_a_plural_form_exactly_where_cldr_gives_them_one_category(locale: str) -> None:
    form, category = form_of(locale), Locale.parse(locale).plural_form
    assert {form(n) for n in NUMBERS} == set(range(get_plural(locale).num_plurals))
    assert len({(form(n), category(n)) for n in NUMBERS}) == get_plural(locale).num_plurals


@pytest.mark.parametrize("locale", LOCALES)
def test_no_text_loses_or_invents_a_placeholder(locale: str) -> None:
    numbers_of = numbers_by_form(locale)
    for message in messages(locale):
        singular, plural = map(placeholders, english(message))
        for form, text in enumerate(extraction.forms(message)):
            needed = singular | plural
            if not isinstance(message.id, str):
                # A form for one number may leave that number out; so may the form for 1, where English does,
                # even in a language that says 0 with it too.
                if len(numbers_of[form]) == 1:
                    needed = needed - {"count"}
                elif numbers_of[form] == [0, 1]:
                    needed = singular
            assert needed <= placeholders(text) <= singular | plural, (message.id, text)
