"""The stand-in's own controls: what tests and tools see and change."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import requests
from twilio.rest import Client

from simulator.twilio.client import NotInTimeError, StandIn, StandInError, running
from tests.simulator.twilio.rig import NUMBER, PERSON, SERVICE

OTHER = "+15551230002"


def test_messages_are_shown_in_order_for_one_phone_or_all(stand_in: StandIn, twilio: Client) -> None:
    stand_in.text(PERSON, "one")
    twilio.messages.create(to=OTHER, messaging_service_sid=SERVICE, body="two")
    twilio.messages.create(to=PERSON, messaging_service_sid=SERVICE, body="three")
    assert [(each["seq"], each["body"]) for each in stand_in.messages()] == [
        (1, "one"),
        (2, "two"),
        (3, "three"),
    ]
    assert [each["body"] for each in stand_in.messages(PERSON)] == ["one", "three"]
    assert [each["body"] for each in stand_in.messages(PERSON, after=1)] == ["three"]
    assert [each["body"] for each in stand_in.messages(limit=2)] == ["one", "two"]
    assert [each["body"] for each in stand_in.messages(direction="inbound")] == ["one"]
    assert [each["body"] for each in stand_in.messages(from_=NUMBER, to=OTHER)] == ["two"]
    three = stand_in.messages(PERSON)[1]
    assert (three["from"], three["num_segments"]) == (NUMBER, 1)
    assert (stand_in.count(), stand_in.count(PERSON), stand_in.count(body="two")) == (3, 2, 1)
    stand_in.wait_for(stand_in.settled)


def test_a_waiting_client_hears_of_the_next_thing_at_once(stand_in: StandIn) -> None:
    start = stand_in.events("now")["next"]
    heard: list[str] = []

    def listen() -> None:
        listener = StandIn(stand_in.url)
        found = listener.events(start, timeout=30, number=PERSON)
        heard.extend(each["message"]["body"] for each in found["events"])
        listener.close()

    thread = threading.Thread(target=listen)
    thread.start()
    stand_in.text(OTHER, "not for them")
    stand_in.text(PERSON, "for them")
    thread.join(timeout=10)
    assert heard == ["for them"]


def test_waiting_in_vain_ends_in_time(stand_in: StandIn) -> None:
    assert stand_in.events("now")["events"] == []
    assert stand_in.events(10**9, timeout=0.05)["events"] == []
    with pytest.raises(NotInTimeError):
        stand_in.wait_for(lambda: False, timeout=0.1)


def test_reset_forgets_everything_but_the_settings(stand_in: StandIn, twilio: Client) -> None:
    stand_in.configure(seconds_to_deliver=3600)
    stand_in.text(PERSON, "STOP")
    stand_in.fail("slow")
    twilio.messages.create(to=OTHER, from_=NUMBER, body="hi")
    stand_in.reset()
    assert (stand_in.count(), stand_in.opt_outs(), stand_in.problems()) == (0, [], [])
    assert stand_in.events()["events"] == []
    assert stand_in.stats()["under_way"] == 0
    assert stand_in.configure()["seconds_to_deliver"] == 3600


def test_reset_lets_go_of_clients_that_were_left_hanging(stand_in: StandIn, twilio: Client) -> None:
    stand_in.fail("never_answered")
    errors: list[Exception] = []

    def hang() -> None:
        try:
            twilio.messages.create(to=PERSON, from_=NUMBER, body="hi")
        except requests.ConnectionError as error:
            errors.append(error)

    thread = threading.Thread(target=hang)
    thread.start()
    stand_in.wait_for(lambda: stand_in.faults()[0]["struck"])
    stand_in.reset()
    thread.join(timeout=5)
    assert len(errors) == 1
    assert not isinstance(errors[0], requests.Timeout)


def test_stats_tell_the_work_and_what_it_cost(stand_in: StandIn, twilio: Client) -> None:
    before = stand_in.stats()
    twilio.messages.create(to=PERSON, from_=NUMBER, body="hi")
    after = stand_in.stats()
    assert after["created"] == before["created"] + 1
    assert after["requests"] > before["requests"]
    assert after["cpu_seconds"] > before["cpu_seconds"]
    assert 0 < after["cpu_share"] == pytest.approx(after["cpu_seconds"] / after["wall_seconds"])
    stand_in.wait_for(stand_in.settled)


@pytest.mark.parametrize(
    "settings",
    [
        {"nothing": 1},
        {"opt_out_mode": "sometimes"},
        {"signature_algorithm": "MD5"},
        {"services": {}},
        {"services": {SERVICE: NUMBER}},
        {"seconds_to_deliver": "soon"},
        {"seconds_to_deliver": -1},
        {"app_url": None},
    ],
)
def test_a_setting_that_cannot_be_is_refused_and_changes_nothing(
    stand_in: StandIn, settings: dict[str, object]
) -> None:
    before = stand_in.configure()
    with pytest.raises(StandInError, match="400"):
        stand_in.configure(auth_token="new", **settings)
    assert stand_in.configure() == before


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/_simulator/nothing", 404),
        ("PUT", "/_simulator/config", 405),
        ("POST", "/_simulator/config", 400),
        ("POST", "/_simulator/texts", 400),
        ("GET", "/_simulator/messages?after=x", 400),
        ("GET", "/_simulator/events?after=x", 400),
        ("DELETE", "/_simulator/faults/x", 400),
    ],
)
def test_a_request_that_cannot_be_understood_is_answered_with_a_sentence(
    stand_in: StandIn, method: str, path: str, status: int
) -> None:
    answer = requests.request(method, stand_in.url + path, data="[]", timeout=10)
    assert answer.status_code == status
    assert answer.json()["message"]


def test_it_tells_its_address_through_a_descriptor_and_a_file_and_stops_cleanly(tmp_path: Path) -> None:
    port_file = tmp_path / "port"
    reader, writer = os.pipe()
    command = [
        sys.executable,
        "-m",
        "simulator.twilio",
        "--ready-fd",
        str(writer),
        "--port-file",
        str(port_file),
    ]
    with subprocess.Popen(command, pass_fds=[writer], stdout=subprocess.DEVNULL) as process:
        os.close(writer)
        try:
            with os.fdopen(reader) as ready:
                address = ready.readline().strip()
            assert address == f"http://127.0.0.1:{port_file.read_text().strip()}"
            stand_in = StandIn(address)
            assert stand_in.count() == 0
            stand_in.close()
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=10) == 0
        finally:
            process.kill()


def test_its_credentials_may_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWILIO_ACCOUNT_SID", "AC" + "7" * 32)
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", "token")
    monkeypatch.setenv("TWILIO_MESSAGING_SERVICE_SID", "MG" + "7" * 32)
    with running("--number", "+15550100007", "--number", "+15550100008") as stand_in:
        settings = stand_in.configure()
    assert (settings["account_sid"], settings["auth_token"]) == ("AC" + "7" * 32, "token")
    assert settings["services"] == {"MG" + "7" * 32: ["+15550100007", "+15550100008"]}
