"""Keywords, as an operator sets them from a shell."""

from __future__ import annotations

import pytest

from tests.web.conftest import Run
from tests.web.test_commands import ADD

FOR = ("--client", "pizza-palace")


def test_a_word_is_answered_until_it_is_not(run: Run) -> None:
    run(*ADD)
    done = run("answers", "set", *FOR, "hours", "We open 9 to 6")
    assert done.stdout.splitlines() == [
        "Whoever follows Pizza Palace and texts HOURS gets 1 segment(s):",
        "Pizza Palace: We open 9 to 6",
    ]
    run("answers", "set", *FOR, "--locale", "es", "hours", "Abrimos de 9 a 6")
    assert run("answers", "list", *FOR).stdout.splitlines() == [
        "HOURS\t0\ten\t1\tPizza Palace: We open 9 to 6",
        "HOURS\t0\tes\t1\tPizza Palace: Abrimos de 9 a 6",
    ]
    assert run("answers", "off", *FOR, "HOURS").exit_code == 0
    assert "answers no words yet" in run("answers", "list", *FOR).stderr


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("set", *FOR, "join", "no"), "means something of its own"),
        (("set", *FOR, "opening hours", "no"), "one word of 2 to 20"),
        (("set", *FOR, "hours", "a" * 641), "cut at least 1 characters"),
        (("set", *FOR, "--locale", "tlh", "hours", "no"), "does not write"),
        (("set", "--client", "nobody", "hours", "no"), "No client is called"),
        (("off", *FOR, "hours"), "does not answer"),
    ],
)
def test_a_mistake_is_told_in_one_line(run: Run, arguments: tuple[str, ...], sentence: str) -> None:
    run(*ADD)
    result = run("answers", *arguments)
    assert result.exit_code == 1
    assert sentence in result.stderr
    assert result.stderr.count("\n") == 1
