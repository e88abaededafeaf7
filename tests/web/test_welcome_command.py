"""Welcome series, as an operator sets them from a shell."""

from __future__ import annotations

import pytest

from tests.web.conftest import Run
from tests.web.test_commands import ADD

FOR = ("--client", "pizza-palace")


def test_a_series_is_set_listed_and_ended(run: Run) -> None:
    run(*ADD)
    run("welcome", "set", *FOR, "Hi {name}!")
    run("welcome", "set", *FOR, "--locale", "es", "¡Hola, {name}!")
    done = run("welcome", "set", *FOR, "--step", "2", "--after", "3d", "Well?")
    assert done.stdout == "2\tafter 3 days\ten\t1\tPizza Palace: Well? ↵ Reply STOP to opt out.\n"
    assert run("welcome", "list", *FOR).stdout.splitlines() == [
        "1\tat once\ten\t1\tPizza Palace: Hi {name}! ↵ Reply STOP to opt out.",
        "1\tat once\tes\t1\tPizza Palace: ¡Hola, {name}! ↵ Responde STOP para darte de baja.",
        "2\tafter 3 days\ten\t1\tPizza Palace: Well? ↵ Reply STOP to opt out.",
    ]
    run("welcome", "off", *FOR, "--step", "1")
    assert run("welcome", "list", *FOR).stdout.startswith("1\tafter 3 days")
    run("welcome", "off", *FOR)
    assert "no welcome series yet" in run("welcome", "list", *FOR).stderr


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("set", *FOR, "--step", "3", "Hi"), "the next is 1"),
        (("set", *FOR, "--after", "soon", "Hi"), "like 30m, 12h or 3d"),
        (("set", *FOR, "--after", "61d", "Hi"), "60 days after joining"),
        (("set", *FOR, "--locale", "tlh", "Hi"), "does not write"),
        (("set", *FOR, "a" * 1600), "too long"),
        (("set", "--client", "nobody", "Hi"), "No client is called"),
        (("off", *FOR, "--step", "1"), "There is no step 1"),
    ],
)
def test_a_mistake_is_told_in_one_line_and_changes_nothing(
    run: Run, arguments: tuple[str, ...], sentence: str
) -> None:
    run(*ADD)
    result = run("welcome", *arguments)
    assert result.exit_code == 1
    assert sentence in result.stderr
    assert result.stderr.count("\n") == 1
    assert run("welcome", "list", *FOR).stdout == ""
