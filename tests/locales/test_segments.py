"""Segment budgets: what each text may cost in each language."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.catalogs import budgets
from bot.i18n import CATALOGS, LOCALES


@pytest.fixture
def changeable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The budgets, copied to where they may be changed."""
    path = tmp_path / "segments.toml"
    shutil.copy(CATALOGS / "segments.toml", path)
    monkeypatch.setattr(budgets, "CATALOGS", tmp_path)
    budgets.settings.cache_clear()
    yield path
    budgets.settings.cache_clear()


def lower(path: Path, text: str, old: str, new: str) -> None:
    changed = [
        line.replace(old, new) if line.startswith(f'"{text}') else line
        for line in path.read_text(encoding="utf-8").splitlines()
    ]
    assert "\n".join(changed) != path.read_text(encoding="utf-8").rstrip()
    path.write_text("\n".join(changed), encoding="utf-8")


def test_every_text_is_within_its_budget_in_every_language() -> None:
    assert list(budgets.excesses()) == []


def test_every_text_has_a_budget_for_every_language_and_none_is_looser_than_needed() -> None:
    found = budgets.cells()
    assert len(found) > 40
    for text, by_locale in found.items():
        assert list(by_locale) == list(LOCALES)
        for locale, cell in by_locale.items():
            assert cell.budget == cell.measured.segments, f"{text!r} in {locale}: write what it takes"


def test_a_text_over_its_budget_is_found(changeable: Path) -> None:
    lower(changeable, "Welcome to {client}!", "fr = 2", "fr = 1")
    (complaint,) = budgets.excesses()
    assert "takes 2 segments in fr" in complaint


def test_a_text_without_a_budget_is_found(changeable: Path) -> None:
    lower(changeable, "Dropped.", "es = 1, ", "")
    (complaint,) = budgets.excesses()
    assert "in es" in complaint


def test_a_budget_for_nothing_is_found(changeable: Path) -> None:
    changeable.write_text(changeable.read_text(encoding="utf-8") + '"Nobody says this." = { en = 1 }\n')
    (complaint,) = budgets.excesses()
    assert "nothing says any more" in complaint


def test_the_page_of_segments_is_up_to_date() -> None:
    assert budgets.TABLE.read_text(encoding="utf-8") == budgets.page(), (
        "run `python -m bot.catalogs update` and look at what changed"
    )


def test_the_page_has_a_row_for_every_text_and_a_column_for_every_language() -> None:
    rows = [line for line in budgets.page().splitlines() if line.startswith("| ")]
    assert len(rows) == 2 + len(budgets.cells())
    assert all(row.count(" | ") == len(LOCALES) for row in rows)


def test_a_cell_shows_segments_budget_and_encoding() -> None:
    cells = budgets.cells()["Dropped. Nothing was sent."]
    assert str(cells["en"]) == "1/1"
    assert str(cells["zh_Hans"]) == "1/1u"


def test_our_frame_leaves_an_announcement_in_gsm_7_where_the_language_can() -> None:
    frame = budgets.cells()["{client}: {text}\nReply STOP to opt out."]
    in_gsm_7 = {locale for locale, cell in frame.items() if cell.measured.encoding == "GSM-7"}
    assert in_gsm_7 == {"en", "es", "fr", "pt_BR"}
