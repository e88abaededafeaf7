"""The published figures are those of today's rules, and are of enough texts to mean something."""

from __future__ import annotations

from collections import Counter

import pytest

from bench import plainwords
from bot.i18n import LOCALES, language_name
from bot.plainwords.judging import Wish
from tests.plainwords.texts import HELD_OUT, texts

ENOUGH = {Wish.CLEAR: 60, Wish.AMBIGUOUS: 25, Wish.ORDINARY: 60}


def test_the_table_is_true():
    published = plainwords.PUBLISHED.read_text(encoding="utf-8")
    assert f"<!-- figures -->\n{plainwords.table()}\n<!-- figures -->" in published, (
        "Run python -m bench.plainwords --write."
    )


def test_the_readme_names_the_worst_language(project_root):
    worst = plainwords.worst()
    readme = (project_root / "README.md").read_text(encoding="utf-8").replace("\n", " ")
    assert (
        f"the worst language, {language_name(worst.locale, 'en')}, {worst.recall(Wish.CLEAR):.0%} of clear "
        f"wishes end at once and {worst.precision(Wish.CLEAR):.0%} of those that end were clear"
    ) in readme


@pytest.mark.parametrize("locale", LOCALES)
def test_there_are_enough_texts_and_none_twice(locale):
    found = list(texts(HELD_OUT, locale))
    sizes = Counter(wish for wish, _text in found)
    assert {wish: sizes[wish] for wish in Wish if sizes[wish] < ENOUGH[wish]} == {}
    assert len({text for _wish, text in found}) == len(found)
