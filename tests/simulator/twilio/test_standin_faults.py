"""Everything that can be made to go wrong, and to whom, and how often."""

from __future__ import annotations

import time
from typing import Any

import pytest
import requests
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from simulator.twilio.client import StandIn, StandInError
from tests.simulator.twilio.rig import ACCOUNT, NUMBER, PERSON, TOKEN, App

OTHER = "+15551230002"


def create(stand_in: StandIn, to: str = PERSON, *, timeout: float = 10, **form: str) -> requests.Response:
    url = f"{stand_in.url}/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
    data = {"To": to, "From": NUMBER, "Body": "hi", **form}
    return requests.post(url, data=data, auth=(ACCOUNT, TOKEN), timeout=timeout)


def call_back(app: App) -> dict[str, str]:
    return {"StatusCallback": f"{app.url}/status"}


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("429", 429, 20429),
        ("500", 500, 20500),
        ("503", 503, 20503),
        ("21610", 400, 21610),
        ("21211", 400, 21211),
        ("21408", 400, 21408),
        ("21614", 400, 21614),
    ],
)
def test_a_refusal_is_answered_with_its_code_and_accepts_nothing(
    stand_in: StandIn, twilio: Client, kind: str, status: int, code: int
) -> None:
    stand_in.fail(kind, times=1)
    with pytest.raises(TwilioRestException) as caught:
        twilio.messages.create(to=PERSON, from_=NUMBER, body="hi")
    assert (caught.value.status, caught.value.code) == (status, code)
    assert stand_in.count() == 0
    assert create(stand_in).status_code == 201


def test_a_slow_answer_comes_late_for_a_message_that_is_accepted_at_once(stand_in: StandIn) -> None:
    stand_in.fail("slow", seconds=0.3)
    started = time.monotonic()
    assert create(stand_in).status_code == 201
    assert time.monotonic() - started >= 0.3
    with pytest.raises(requests.Timeout):
        create(stand_in, OTHER, timeout=0.05)
    assert stand_in.count(OTHER) == 1


def test_a_lost_answer_leaves_an_accepted_message(stand_in: StandIn) -> None:
    stand_in.fail("answer_lost")
    with pytest.raises(requests.ConnectionError):
        create(stand_in)
    stand_in.wait_for(lambda: stand_in.messages(PERSON, status="delivered"))


def test_a_request_that_is_never_answered_accepts_nothing(stand_in: StandIn) -> None:
    stand_in.fail("never_answered")
    with pytest.raises(requests.ReadTimeout):
        create(stand_in, timeout=0.2)
    assert stand_in.count() == 0


def test_an_accepted_request_may_never_be_answered(stand_in: StandIn) -> None:
    stand_in.fail("accepted_never_answered")
    with pytest.raises(requests.ReadTimeout):
        create(stand_in, timeout=0.2)
    assert stand_in.count(PERSON) == 1


@pytest.mark.parametrize("code", [30003, 30005, 30006, 30007, 30008])
def test_a_delivery_failure_is_undelivered_with_its_code(
    connected: StandIn, app: App, twilio: Client, code: int
) -> None:
    connected.fail(str(code))
    sid = create(connected, **call_back(app)).json()["sid"]
    app.wait_for_statuses("sent", "undelivered", sid=sid)
    first, last = (post.form for post in app.posts)
    assert "ErrorCode" not in first
    assert last["ErrorCode"] == str(code)
    assert "RawDlrDoneDate" not in last
    message = twilio.messages(sid).fetch()
    assert (message.status, message.error_code) == ("undelivered", code)
    assert message.error_message


def test_21610_can_come_after_acceptance(connected: StandIn, app: App) -> None:
    connected.fail("21610", at="delivery")
    assert create(connected, **call_back(app)).status_code == 201
    app.wait_for_statuses("failed")
    assert app.posts[-1].form["ErrorCode"] == "21610"


def test_a_reply_can_be_undelivered_too(connected: StandIn, app: App) -> None:
    app.reply('<Message action="/status">hi</Message>')
    connected.fail("30003", to=PERSON)
    connected.text(PERSON, "hi")
    app.wait_for_statuses("sent", "undelivered")


@pytest.mark.parametrize(
    ("fault", "statuses"),
    [
        ({"kind": "duplicate_receipts"}, ["sent", "sent", "delivered", "delivered"]),
        ({"kind": "duplicate_receipts", "statuses": ["delivered"]}, ["sent", "delivered", "delivered"]),
        ({"kind": "reordered_receipts"}, ["delivered", "sent"]),
        ({"kind": "missing_receipts"}, []),
        ({"kind": "missing_receipts", "statuses": ["delivered"]}, ["sent"]),
        ({"kind": "missing_receipts", "statuses": ["sent"]}, ["delivered"]),
        ({"kind": "delayed_receipts", "seconds": 0.1}, ["sent", "delivered"]),
        ({"kind": "delayed_receipts", "seconds": 0.1, "statuses": ["sent"]}, ["delivered", "sent"]),
    ],
)
def test_callbacks_are_lost_doubled_late_or_out_of_order(
    connected: StandIn, app: App, fault: dict[str, Any], statuses: list[str]
) -> None:
    connected.fail(**fault)
    create(connected, **call_back(app))
    connected.wait_for(connected.settled)
    assert app.statuses() == statuses


def test_faults_on_callbacks_add_up(connected: StandIn, app: App) -> None:
    connected.fail("duplicate_receipts", statuses=["sent"])
    connected.fail("reordered_receipts")
    create(connected, **call_back(app))
    app.wait_for_statuses("delivered", "sent", "sent")


def test_a_delayed_callback_is_not_posted_before_its_time(connected: StandIn, app: App) -> None:
    connected.fail("delayed_receipts", seconds=0.3)
    started = time.monotonic()
    create(connected, **call_back(app))
    app.wait_for_statuses("sent", "delivered")
    assert time.monotonic() - started >= 0.3


def test_a_fault_strikes_one_number_and_as_often_as_asked(stand_in: StandIn) -> None:
    stand_in.fail("500", to=PERSON, times=2)
    found = [create(stand_in, to).status_code for to in (OTHER, PERSON, PERSON, OTHER, PERSON)]
    assert found == [201, 500, 500, 201, 201]
    assert [each["struck"] for each in stand_in.faults()] == [2]


def test_a_fault_strikes_by_chance_and_the_same_with_the_same_seed(stand_in: StandIn) -> None:
    def statuses(seed: int) -> list[int]:
        fault = stand_in.fail("503", probability=0.5, seed=seed)
        found = [create(stand_in).status_code for _ in range(30)]
        stand_in.heal(fault)
        return found

    assert statuses(1) == statuses(1) != statuses(2)
    assert set(statuses(1)) == {201, 503}


def test_the_first_fault_decides_and_removing_it_heals(stand_in: StandIn) -> None:
    first = stand_in.fail("500")
    stand_in.fail("429")
    assert create(stand_in).status_code == 500
    stand_in.heal(first)
    assert create(stand_in).status_code == 429
    stand_in.heal()
    assert stand_in.faults() == []
    assert create(stand_in).status_code == 201


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "gremlins"},
        {"kind": "99999"},
        {"kind": "30003", "at": "create"},
        {"kind": "slow", "at": "receipts"},
        {"kind": "slow", "seconds": "soon"},
        {"kind": "slow", "often": 3},
    ],
)
def test_a_fault_that_does_not_exist_is_refused(stand_in: StandIn, fault: dict[str, Any]) -> None:
    with pytest.raises(StandInError, match="400"):
        stand_in.fail(**fault)
    assert stand_in.faults() == []
