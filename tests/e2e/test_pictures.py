"""A picture's whole way over real HTTP: from the owner's phone to every subscriber's, or to nobody's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest
import requests

from simulator.people import OWNER, SUBSCRIBERS
from simulator.stack import Stack
from simulator.twilio.client import StandIn, a_file
from tests.e2e.killing import kill_with_everything_it_started

JPEG = b"\xff\xd8\xff\xe0 a picture of a pizza " + bytes(range(256)) * 100

pytestmark = pytest.mark.xdist_group("e2e")


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Everything that `make run` starts."""
    settings = {"LEASE_SECONDS": "4", "LOG_LEVEL": "WARNING"}
    with Stack(tmp_path_factory.mktemp("e2e"), durable=False, keep=False, settings=settings) as started:
        yield started


@pytest.fixture
def standin(stack: Stack) -> Iterator[StandIn]:
    client = StandIn(stack.standin_url)
    client.reset()
    yield client
    client.close()


def pictures_received(standin: StandIn) -> list[dict[str, object]]:
    """What subscribers got, as far as it had a picture."""
    numbers = {person.number for person in SUBSCRIBERS}
    sent = standin.messages(direction="outbound-api")
    return [each for each in sent if each["to"] in numbers and each["media"]]


def last_text_to_owner(standin: StandIn) -> str:
    return str(standin.messages(OWNER.number)[-1]["body"])


def test_every_subscriber_gets_the_picture_that_the_owner_sent(standin: StandIn) -> None:
    preview = standin.text(OWNER.number, "New: truffle pizza", media=[a_file(JPEG, "image/jpeg")]).replies[0]
    assert "With 1 picture" in preview
    assert "$0.13" in preview  # six MMS of 2.2 cents
    standin.text(OWNER.number, "CONFIRM")
    standin.wait_for(lambda: "6 delivered" in last_text_to_owner(standin), timeout=30)

    sent = pictures_received(standin)
    assert Counter(each["to"] for each in sent) == {person.number: 1 for person in SUBSCRIBERS}
    addresses = {url for each in sent for url in each["media"]}
    (address,) = addresses
    assert str(address).endswith(".jpg")
    fetched = requests.get(str(address), timeout=10)
    assert (fetched.content, fetched.headers["Content-Type"]) == (JPEG, "image/jpeg")
    assert standin.problems() == []


def test_a_picture_that_is_too_big_is_sent_to_nobody(standin: StandIn) -> None:
    big = a_file(JPEG + bytes(5_000_000), "image/jpeg")
    standin.text(OWNER.number, "New: giant pizza", media=[big])
    standin.wait_for(lambda: "5 MB" in last_text_to_owner(standin), timeout=30)
    assert "5 MB" in standin.text(OWNER.number, "CONFIRM").replies[0]
    assert pictures_received(standin) == []


def test_a_worker_killed_between_confirm_and_the_picture_repeats_nothing_and_loses_nothing(
    stack: Stack, standin: StandIn
) -> None:
    kill_with_everything_it_started(stack.processes.pid("worker"))
    standin.text(OWNER.number, "New: tuna pizza", media=[a_file(JPEG, "image/jpeg")])
    assert "as soon as we have the picture" in standin.text(OWNER.number, "CONFIRM").replies[0]
    assert pictures_received(standin) == []

    stack.processes.restart("worker")
    standin.wait_for(lambda: "6 delivered" in last_text_to_owner(standin), timeout=60)
    received = Counter(each["to"] for each in pictures_received(standin))
    assert received == {person.number: 1 for person in SUBSCRIBERS}
