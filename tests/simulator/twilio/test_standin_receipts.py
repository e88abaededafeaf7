"""Status callbacks: which there are, what is in them, and how they are signed."""

from __future__ import annotations

import re
import socket
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from twilio.request_validator import (
    SIGNATURE_HEADER,
    SIGNATURE_SETTINGS_HEADER,
    RequestValidator,
    get_signature_algorithm,
)
from twilio.rest import Client

from simulator.twilio.client import StandIn
from tests.simulator.twilio.rig import ACCOUNT, NUMBER, PERSON, SERVICE, TOKEN, App


def send(twilio: Client, app: App, **parameters: Any) -> str:
    usual = {"to": PERSON, "body": "hi", "status_callback": f"{app.url}/status?m=0190-7&x=a%20b"}
    if "from_" not in parameters:
        usual["messaging_service_sid"] = SERVICE
    sid = twilio.messages.create(**(usual | parameters)).sid
    assert sid is not None
    return sid


def test_every_change_but_the_initial_status_and_sending_is_called_back(
    connected: StandIn, app: App, twilio: Client
) -> None:
    service = send(twilio, app)
    app.wait_for_statuses("queued", "sent", "delivered", sid=service)
    number = send(twilio, app, from_=NUMBER)
    app.wait_for_statuses("sent", "delivered", sid=number)
    statuses = [each["message"]["status"] for each in connected.events()["events"]]
    steps = ["accepted", "queued", "sending", "sent", "delivered"]
    assert statuses == [*steps, *steps[1:]]


@pytest.mark.parametrize("algorithm", ["HMAC_SHA1", "HMAC_SHA256"])
def test_twilios_validator_accepts_callbacks_with_their_own_query(
    connected: StandIn, app: App, twilio: Client, algorithm: str
) -> None:
    connected.configure(signature_algorithm=algorithm)
    send(twilio, app)
    app.wait_for_statuses("queued", "sent", "delivered")
    for post in app.posts:
        assert post.path == "/status?m=0190-7&x=a%20b"
        used = get_signature_algorithm(post.headers.get(SIGNATURE_SETTINGS_HEADER, ""))
        assert used == algorithm
        signature = post.headers[SIGNATURE_HEADER]
        assert RequestValidator(TOKEN).validate(app.url + post.path, post.form, signature, used)
        other = app.url + post.path.replace("7", "8")
        assert not RequestValidator(TOKEN).validate(other, post.form, signature, used)


def test_callbacks_carry_twilios_parameters(connected: StandIn, app: App, twilio: Client) -> None:
    sid = send(twilio, app)
    app.wait_for_statuses("queued", "sent", "delivered")
    first, _, last = (post.form for post in app.posts)
    assert first == {
        "AccountSid": ACCOUNT,
        "ApiVersion": "2010-04-01",
        "From": NUMBER,
        "MessageSid": sid,
        "MessageStatus": "queued",
        "MessagingServiceSid": SERVICE,
        "SmsSid": sid,
        "SmsStatus": "queued",
        "To": PERSON,
    }
    done = last.pop("RawDlrDoneDate")
    assert re.fullmatch(r"\d{10}", done)
    age = datetime.now(UTC) - datetime.strptime(done, "%y%m%d%H%M").replace(tzinfo=UTC)
    assert timedelta(0) <= age < timedelta(minutes=3)
    assert last == first | {"MessageStatus": "delivered", "SmsStatus": "delivered"}


def test_the_services_own_callback_is_used_where_a_message_names_none(
    connected: StandIn, app: App, twilio: Client
) -> None:
    connected.configure(status_callback=f"{app.url}/service-status")
    twilio.messages.create(to=PERSON, from_=NUMBER, body="hi")
    app.wait_for_statuses("sent", "delivered")
    named = send(twilio, app, from_=NUMBER)
    app.wait_for_statuses("sent", "delivered", sid=named)
    assert [post.path.partition("?")[0] for post in app.posts] == ["/service-status"] * 2 + ["/status"] * 2


def test_a_canceled_message_is_called_back(connected: StandIn, app: App, twilio: Client) -> None:
    send_at = datetime.now(UTC) + timedelta(hours=1)
    sid = send(twilio, app, schedule_type="fixed", send_at=send_at)
    twilio.messages(sid).update(status="canceled")
    app.wait_for_statuses("canceled")


def test_many_messages_are_called_back_once_each_and_in_order(
    connected: StandIn, app: App, twilio: Client
) -> None:
    sids = [send(twilio, app, to=f"+1555124{number:04}") for number in range(100)]
    connected.wait_for(connected.settled, timeout=30)
    for sid in sids:
        assert app.statuses(sid) == ["queued", "sent", "delivered"]
    assert connected.problems() == []


def test_a_callback_that_nobody_takes_is_noted_and_the_message_goes_on(
    stand_in: StandIn, twilio: Client
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/status"
    sid = twilio.messages.create(to=PERSON, from_=NUMBER, body="hi", status_callback=url).sid
    stand_in.wait_for(stand_in.settled)
    assert [(each["code"], each["sid"]) for each in stand_in.problems()] == [(11205, sid)] * 2
    assert stand_in.messages(PERSON)[0]["status"] == "delivered"
