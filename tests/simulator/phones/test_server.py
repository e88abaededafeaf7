"""The phone page's own server: whom it answers, and what it refuses with a sentence."""

from __future__ import annotations

import pytest
import requests

from simulator.people import EVERYBODY, OWNER
from simulator.stack import Stack
from simulator.twilio.client import StandIn

pytestmark = pytest.mark.xdist_group("phones")


def test_its_pages_run_only_their_own_scripts(stack: Stack) -> None:
    answer = requests.get(stack.phones_url, timeout=10)
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert "<script>" not in answer.text
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://elsewhere.example"}, {"Origin": "null"}, {"Host": "phones.example"}]
)
def test_other_sites_cannot_play_with_the_phones(
    stack: Stack, standin: StandIn, headers: dict[str, str]
) -> None:
    before = standin.count()
    asked = {"from": OWNER.number, "body": "CONFIRM"}
    answer = requests.post(f"{stack.phones_url}/api/texts", json=asked, headers=headers, timeout=10)
    assert answer.status_code == 403
    assert standin.count() == before


@pytest.mark.parametrize(
    ("path", "asked", "sentence"),
    [
        ("phones", {"number": "12"}, "'12' is not a phone number. Write it with its country code"),
        ("phones", {"number": OWNER.number}, "is on the page already"),
        ("phones", {"number": "+15550100000"}, "is Nudges' own number"),
        ("clock", {"seconds": -60}, "The clock goes ahead, never back."),
        ("switches", {"name": "gremlins", "on": True}, "There is no switch 'gremlins'; there are slow,"),
        ("texts", {"from": "nobody", "body": "hi"}, "nobody"),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence(
    stack: Stack, standin: StandIn, path: str, asked: dict[str, object], sentence: str
) -> None:
    answer = requests.post(f"{stack.phones_url}/api/{path}", json=asked, timeout=10)
    assert answer.status_code == 400, answer.text
    assert sentence in answer.json()["message"]


@pytest.mark.parametrize(
    ("pictures", "sentence"),
    [
        ([{"content_type": "text/html", "content": "PGI+"}], "A picture is a JPEG, PNG, GIF or WebP file."),
        ([{"content_type": "image/png", "content": "?"}], "A picture's content is base64."),
        ([{"content_type": "image/png", "content": "AAAA"}] * 11, "A text takes 10 pictures at most"),
    ],
)
def test_only_pictures_are_sent(
    stack: Stack, standin: StandIn, pictures: list[dict[str, str]], sentence: str
) -> None:
    asked = {"from": OWNER.number, "body": "Look", "pictures": pictures}
    answer = requests.post(f"{stack.phones_url}/api/texts", json=asked, timeout=10)
    assert answer.status_code == 400
    assert answer.json()["message"].startswith(sentence)


def test_a_picture_that_is_not_there_is_not_found(stack: Stack) -> None:
    answer = requests.get(f"{stack.phones_url}/api/messages/none/pictures/0", timeout=10)
    assert answer.status_code == 404


def test_it_only_looks_and_knows_who_everybody_is(stack: Stack, standin: StandIn) -> None:
    seen = requests.get(f"{stack.phones_url}/api/inside", {"phone": OWNER.number}, timeout=10).json()
    phones = {phone["number"]: phone for phone in seen["phones"]}
    assert {person.number for person in EVERYBODY} <= phones.keys()
    assert phones[OWNER.number]["standing"] == "owner of Pizza Palace"
    assert phones["+15550100007"]["locale"] == "ar"
    assert phones["+15550100008"]["standing"] in {"a stranger", "follows Pizza Palace"}


def test_a_switch_turned_twice_is_one_fault(stack: Stack, standin: StandIn) -> None:
    def turn(*, on: bool) -> None:
        asked = {"name": "slow", "number": OWNER.number, "on": on}
        assert requests.post(f"{stack.phones_url}/api/switches", json=asked, timeout=10).status_code == 204

    turn(on=True)
    turn(on=True)
    assert [(fault["kind"], fault["to"]) for fault in standin.faults()] == [("slow", OWNER.number)]
    turn(on=False)
    assert standin.faults() == []
