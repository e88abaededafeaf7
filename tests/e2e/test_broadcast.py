"""A broadcast over real HTTP, with web, worker and the stand-in for Twilio as processes."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, create_engine, text

from bot.announcements.wording import compose
from simulator.stack import PROJECT, Stack
from simulator.twilio.client import StandIn
from tests.e2e.crowd import NAME, OWNER, locale_of, number_of
from tests.e2e.killing import kill_with_everything_it_started

CROWD = 1000
WORDINGS = {
    "en": "Half-price bread until 6",
    "es": "Pan a mitad de precio hasta las 6",
    "fr": "Pain à moitié prix jusqu'à 18 h",
    "pt_BR": "Pão pela metade do preço até as 18h",
    "zh_Hans": "面包半价，六点前",
    "ar": "الخبز بنصف السعر حتى السادسة",
}
CODES = {"es": "ES", "fr": "FR", "pt_BR": "PT", "zh_Hans": "ZH", "ar": "AR"}


# Both tests share what takes long to start; each announces once more to the same crowd.
pytestmark = pytest.mark.xdist_group("e2e")


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Everything that `make run` starts, with a crowd instead of the demo's people."""
    settings = {"LEASE_SECONDS": "4", "LOG_LEVEL": "WARNING"}
    root = tmp_path_factory.mktemp("e2e")
    with Stack(root, durable=False, keep=False, seed=False, settings=settings) as started:
        crowd = [sys.executable, "-m", "tests.e2e.crowd", str(CROWD)]
        subprocess.run(crowd, env=started.env, cwd=PROJECT, check=True)
        yield started


@pytest.fixture
def standin(stack: Stack) -> Iterator[StandIn]:
    """The stand-in for Twilio, with nothing in it yet."""
    client = StandIn(stack.standin_url)
    client.reset()
    yield client
    client.close()


@pytest.fixture
def ledger(stack: Stack) -> Iterator[Engine]:
    """The database that web and worker use."""
    url = stack.env["DATABASE_URL"].partition("://")[2]
    engine = create_engine(f"postgresql+psycopg2://{url}")
    yield engine
    engine.dispose()


def test_a_thousand_subscribers_in_six_languages_receive_one_text_each(standin: StandIn) -> None:
    announce(standin)

    standin.wait_for(lambda: "1,000 delivered" in last_text_to_owner(standin), timeout=60)

    texts = texts_to_subscribers(standin)
    assert len(texts) == CROWD
    assert {message["to"]: message["body"] for message in texts} == {
        number_of(place): compose(NAME, WORDINGS[locale_of(place)], locale_of(place))
        for place in range(CROWD)
    }
    assert {message["status"] for message in texts} == {"delivered"}
    assert standin.problems() == []


def test_a_worker_killed_in_mid_broadcast_repeats_nothing_and_loses_nobody(
    stack: Stack, standin: StandIn, ledger: Engine
) -> None:
    fault = standin.fail("slow", seconds=0.3)
    announce(standin)
    standin.wait_for(lambda: len(texts_to_subscribers(standin)) >= 150, timeout=30)

    kill_with_everything_it_started(stack.processes.pid("worker"))
    sent_before = len(texts_to_subscribers(standin))
    standin.heal(fault)
    stack.processes.restart("worker")
    standin.wait_for(lambda: nothing_left_to_do(ledger) and standin.settled(), timeout=60)

    assert sent_before < CROWD, "the worker must die in the middle, not after the end"
    received = Counter(message["to"] for message in texts_to_subscribers(standin))
    assert set(received.values()) == {1}, "nobody twice"
    statuses = ledger_of(ledger)
    assert sum(statuses.values()) == CROWD, "everyone accounted for"
    assert set(statuses) <= {"delivered", "unknown"}
    assert statuses["delivered"] == len(received)


def announce(standin: StandIn) -> None:
    """The owner texts the announcement, words it in five more languages, and confirms."""
    assert "1,000" in standin.text(OWNER, WORDINGS["en"]).replies[0]
    for locale, code in CODES.items():
        assert WORDINGS[locale] in standin.text(OWNER, f"{code}: {WORDINGS[locale]}").replies[0]
    assert "1,000" in standin.text(OWNER, "CONFIRM").replies[0]


def texts_to_subscribers(standin: StandIn) -> list[dict[str, str]]:
    return [each for each in standin.messages(direction="outbound-api") if each["to"] != OWNER]


def last_text_to_owner(standin: StandIn) -> str:
    return str(standin.messages(OWNER)[-1]["body"])


def nothing_left_to_do(ledger: Engine) -> bool:
    with ledger.connect() as connection:
        open_rows = connection.execute(
            text(
                "SELECT (SELECT count(*) FROM message WHERE status IN ('pending', 'calling'))"
                " + (SELECT count(*) FROM chunk WHERE finished_at IS NULL) + (SELECT count(*) FROM receipt)"
            )
        ).scalar_one()
    return open_rows == 0


def ledger_of(ledger: Engine) -> Counter[str]:
    with ledger.connect() as connection:
        rows = connection.execute(
            text(
                "SELECT status, count(*) FROM message WHERE source_type = 'announcement' AND source_id ="
                " (SELECT id FROM announcement ORDER BY confirmed_at DESC NULLS LAST LIMIT 1) GROUP BY status"
            )
        )
        return Counter(dict(rows.all()))
