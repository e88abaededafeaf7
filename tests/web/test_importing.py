"""``subscribers import``, as an operator runs it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import func, select

from bot import db
from bot.audience.importing.lists import BATCH
from bot.audience.models import Consent, Subscription
from tests.simulator.waiting import wait_until

Import = Callable[..., Result]
ADD = ("clients", "add", "--name", "Pizza Palace", "--slug", "pizza-palace", "--phone", "+34 600 100 999")
IMPORT = ("subscribers", "import")
TO = ("--client", "pizza-palace", "--consent", "paper form")


@pytest.fixture
def bring(app: Flask, tmp_path: Path) -> Import:
    """Import a list of this content; Pizza Palace, whose owner's number is Spanish, is there."""
    runner = app.test_cli_runner()
    runner.invoke(args=ADD)

    def brought(content: str, *options: str) -> Result:
        path = tmp_path / "list.csv"
        path.write_text(content, encoding="utf-8")
        return runner.invoke(args=[*IMPORT, str(path), *(options or TO)])

    return brought


def subscriber_rows() -> int:
    with db.transaction() as session:
        return session.scalars(select(func.count()).select_from(Subscription)).one()


def test_a_list_is_imported_and_what_became_of_it_is_told(bring: Import, tmp_path: Path) -> None:
    content = "Teléfono;Idioma\n600 100 001;es\n+15550100002;tlh\nsoon;es\n+15550100002;en\n"
    result = bring(content)
    assert result.exit_code == 0, result.output
    assert result.stderr == "Numbers without a country code are read as ES numbers.\n"
    assert result.stdout.splitlines() == [
        "4 rows were read: phone from 'Teléfono', locale from 'Idioma'.",
        "          2  now follow Pizza Palace",
        "          1  followed already, or stand twice in the list",
        f"          1  could not be taken: {tmp_path / 'list.rejected.csv'} says why",
        "          1  in 'tlh', which Nudges does not write: they get en",
    ]
    assert (tmp_path / "list.rejected.csv").read_text(encoding="utf-8-sig").splitlines()[1].startswith("4,")
    assert "now follow" not in bring(content).stdout


def test_the_region_of_national_numbers_can_be_said(bring: Import) -> None:
    assert "as US numbers" in bring("phone\n555 010 0001\n", *TO, "--region", "us").stderr
    assert subscriber_rows() == 1


@pytest.mark.parametrize(
    ("content", "options", "sentence"),
    [
        ("phone\n", ("--client", "nobody", "--consent", "x"), "No client is called 'nobody'"),
        ("phone\n", ("--client", "pizza-palace", "--consent", "  "), "where these people asked for texts"),
        ("phone\n", (*TO, "--region", "Spain"), "'Spain' is not a region"),
        ("", TO, "list.csv is empty"),
        ("e-mail\n", TO, "No column is the phone"),
        ("phone,mobile\n", TO, "Two columns could be the phone"),
    ],
)
def test_a_mistake_is_told_in_a_sentence_and_changes_nothing(
    bring: Import, content: str, options: tuple[str, ...], sentence: str
) -> None:
    result = bring(content, *options)
    assert result.exit_code == 1
    assert sentence in result.stderr
    assert "Traceback" not in result.output
    assert subscriber_rows() == 0


def test_where_rejects_can_not_be_written_that_is_told(bring: Import, tmp_path: Path) -> None:
    (tmp_path / "list.rejected.csv").symlink_to("nowhere/at/all")
    (tmp_path / "list.rejected-2.csv").mkdir()
    assert bring("phone\nsoon\n").exit_code == 0
    assert (tmp_path / "list.rejected-3.csv").exists()


def test_ctrl_c_leaves_whole_batches_and_the_next_run_completes_them(bring: Import, tmp_path: Path) -> None:
    rows = 6 * BATCH
    path = tmp_path / "long.csv"
    path.write_text("phone\n" + "".join(f"+1212{2_000_000 + number}\n" for number in range(rows)))
    command = [sys.executable, "-m", "flask", "--app", "wsgi", *IMPORT, str(path), *TO]

    def hear_ctrl_c() -> None:
        """As in a terminal. What a shell starts with ``&``, these tests perhaps, ignores it from birth."""
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    with subprocess.Popen(
        command, env=os.environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=hear_ctrl_c,  # noqa: PLW1509  # no thread of ours is running
    ) as process:  # fmt: skip
        wait_until(lambda: subscriber_rows() > 0 or process.poll() is not None, seconds=60)
        process.send_signal(signal.SIGINT)
        told, errors = process.communicate(timeout=60)
    done = subscriber_rows()
    assert (process.returncode, done % BATCH) == (1, 0), errors
    assert 0 < done < rows
    assert f"{done:>11,}  now follow Pizza Palace" in told
    assert "The same command goes on from here" in errors
    again = subprocess.run(command, env=os.environ, capture_output=True, text=True, check=True)
    assert f"{rows - done:>11,}  now follow Pizza Palace" in again.stdout
    assert f"{done:>11,}  followed already" in again.stdout
    assert subscriber_rows() == rows
    with db.transaction() as session:
        assert session.scalars(select(func.count()).select_from(Consent)).one() == rows


@pytest.mark.usefixtures("without_database")
def test_without_a_database_it_says_so_in_a_sentence(bring: Import) -> None:
    result = bring("phone\n+15550100001\n")
    assert result.exit_code == 1
    assert "The database does not answer" in result.stderr
