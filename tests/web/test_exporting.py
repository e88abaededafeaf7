"""``subscribers export``, as an operator runs it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask

from bot import db

Run = Callable[..., Result]
ADD = ("clients", "add", "--name", "Pizza Palace", "--slug", "pizza-palace", "--phone", "+1 555 010 0999")
EXPORT = ("subscribers", "export", "--client", "pizza-palace")
HEADER = "phone,locale,name,joined_at,status"


@pytest.fixture
def run(app: Flask, tmp_path: Path) -> Run:
    """Run a command, where Pizza Palace and Zoë, who follows it, are there."""
    runner = app.test_cli_runner()

    def invoked(*arguments: str) -> Result:
        return runner.invoke(args=arguments)

    invoked(*ADD)
    path = tmp_path / "list.csv"
    path.write_text("phone,name\n+15550100001,Zoë\n", encoding="utf-8")
    invoked("subscribers", "import", str(path), "--client", "pizza-palace", "--consent", "paper form")
    return invoked


def test_the_list_is_written_here(run: Run) -> None:
    result = run(*EXPORT)
    assert result.exit_code == 0, result.output
    header, row = result.stdout.splitlines()
    assert header == HEADER
    assert row.startswith("'+15550100001,,Zoë,2")


def test_or_to_a_new_file_for_its_owner_s_eyes_and_excel_s(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    result = run(*EXPORT, "--output", str(path))
    assert (result.exit_code, result.stdout) == (0, "")
    assert "1 people" in result.stderr
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.read_bytes().startswith(b"\xef\xbb\xbfphone,")
    assert (
        "now follow"
        not in run(
            "subscribers", "import", str(path), "--client", "pizza-palace", "--consent", "again"
        ).stdout
    )


def test_a_file_that_is_there_is_left_alone(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    path.write_text("mine")
    result = run(*EXPORT, "--output", str(path))
    assert (result.exit_code, path.read_text()) == (1, "mine")
    assert "is there already" in result.stderr


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--client", "nobody"), "No client is called 'nobody'"),
        (("--client", "pizza-palace", "--output", "nowhere/at/all.csv"), "can't be written: No such file"),
    ],
)
def test_a_mistake_is_told_in_a_sentence(run: Run, options: tuple[str, ...], sentence: str) -> None:
    result = run("subscribers", "export", *options)
    assert result.exit_code == 1
    assert sentence in result.stderr


def test_of_an_export_that_failed_no_half_is_left(run: Run, tmp_path: Path) -> None:
    with db.transaction() as session:
        session.connection().exec_driver_sql("UPDATE contact_point SET address = '\\x0007' || address")
    result = run(*EXPORT, "--output", str(tmp_path / "export.csv"))
    assert result.exit_code == 1
    assert "ENCRYPTION_KEYS has no key of version 7" in result.stderr
    assert not (tmp_path / "export.csv").exists()
