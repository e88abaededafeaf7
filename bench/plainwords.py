"""How well opt-outs in plain words are understood: precision and recall per language, and the time it takes.

    python -m bench.plainwords [--write]

It judges the texts that were set aside before any rule was written (tests/plainwords/held_out/).
With --write it makes locales/OPTOUT.md anew.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections import Counter
from dataclasses import dataclass

from bot.i18n import CATALOGS, LOCALES, language_name
from bot.plainwords.judging import Wish, judge
from tests.plainwords.texts import HELD_OUT, texts

PUBLISHED = CATALOGS / "OPTOUT.md"


@dataclass(frozen=True)
class Score:
    """How the texts of one language were taken: (what they wish, what they were taken for) → how many."""

    locale: str
    taken: Counter[tuple[Wish, Wish]]

    def precision(self, wish: Wish) -> float:
        """Of the texts taken for this, the share that are."""
        return self.taken[wish, wish] / sum(n for (_is, taken), n in self.taken.items() if taken is wish)

    def recall(self, wish: Wish) -> float:
        """Of the texts that are this, the share taken for it."""
        return self.taken[wish, wish] / sum(n for (meant, _taken), n in self.taken.items() if meant is wish)

    @property
    def ended_wrongly(self) -> int:
        """People whose texts ended although they had not asked for it, or not clearly."""
        return sum(n for (meant, taken), n in self.taken.items() if taken is Wish.CLEAR is not meant)

    @property
    def not_heard(self) -> int:
        """People who asked clearly, and were neither heard nor asked."""
        return self.taken[Wish.CLEAR, Wish.ORDINARY]

    @property
    def error(self) -> float:
        """The share of texts that were taken wrongly in either of these two ways, which weigh the same."""
        return (self.ended_wrongly + self.not_heard) / self.taken.total()


def score(locale: str) -> Score:
    """Judge a language's texts as somebody reads them who chose that language."""
    return Score(locale, Counter((wish, judge(text, locale).wish) for wish, text in texts(HELD_OUT, locale)))


def table() -> str:
    """The figures as a Markdown table, a row for each language."""
    rows = [
        "| Language | Texts | Clear | Doubtful | Ordinary | Ended wrongly | Not heard |",
        "|---|---|---|---|---|---|---|",
    ]
    for each in map(score, LOCALES):
        shares = (f"{each.precision(wish):.0%} / {each.recall(wish):.0%}" for wish in Wish)
        cells = (
            language_name(each.locale, "en"),
            str(each.taken.total()),
            *shares,
            str(each.ended_wrongly),
            str(each.not_heard),
        )
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def worst() -> Score:
    """The language in which most goes wrong."""
    return max(map(score, LOCALES), key=lambda each: each.error)


def _microseconds() -> list[float]:
    took = []
    for locale in LOCALES:
        for _wish, text in texts(HELD_OUT, locale):
            began = time.perf_counter()
            judge(text, locale)
            took.append((time.perf_counter() - began) * 1e6)
    return sorted(took)


def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--write", action="store_true", help="make locales/OPTOUT.md anew")
    if parser.parse_args().write:
        head, _table, tail = PUBLISHED.read_text(encoding="utf-8").split("<!-- figures -->\n")
        PUBLISHED.write_text(f"{head}<!-- figures -->\n{table()}\n<!-- figures -->\n{tail}", encoding="utf-8")
    print(table())
    took = _microseconds()
    print(f"\nA text takes {statistics.median(took):.0f} µs, the slowest {took[-1]:.0f} µs.")


if __name__ == "__main__":
    _main()
