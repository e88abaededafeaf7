"""A person texts: what the app is told, and how it is signed."""

from __future__ import annotations

import socket
import threading

import pytest
import requests
from twilio.request_validator import (
    SIGNATURE_HEADER,
    SIGNATURE_SETTINGS_HEADER,
    RequestValidator,
    get_signature_algorithm,
)

from simulator.twilio.client import StandIn, StandInError
from tests.simulator.twilio.rig import ACCOUNT, NUMBER, PERSON, SERVICE, TOKEN, Answer, App, Post


def is_valid(post: Post, url: str, secret: str = TOKEN) -> bool:
    algorithm = get_signature_algorithm(post.headers.get(SIGNATURE_SETTINGS_HEADER, ""))
    validator = RequestValidator(secret)
    return validator.validate(url + post.path, post.form, post.headers[SIGNATURE_HEADER], algorithm)


class Counting:
    """Takes connections, waits for the first bytes, and hangs up."""

    def __init__(self) -> None:
        self.connections = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._take)

    def __enter__(self) -> Counting:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()

    def _take(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                connection.recv(65536)
                self.connections += 1


@pytest.mark.parametrize(
    "body", ["JOIN pizza", "", "¡Ñandú! 🍕 & a=b+c%", "مرحبا", "a\x00b", "a" * 1600, " \n"]
)
def test_twilios_validator_accepts_the_webhook_of_any_text(connected: StandIn, app: App, body: str) -> None:
    texted = connected.text(PERSON, body)
    assert (texted.status_code, texted.error) == (200, None)
    (post,) = app.texts()
    assert post.form["Body"] == body
    assert SIGNATURE_SETTINGS_HEADER not in post.headers
    assert is_valid(post, app.url)
    assert not is_valid(post, app.url, "another token")


def test_twilios_validator_accepts_the_shared_key_signature(connected: StandIn, app: App) -> None:
    connected.configure(
        signature_algorithm="HMAC_SHA256", shared_key_id="webhooks_sharedkey_7", shared_key_secret="s3"
    )
    connected.text(PERSON, "hi")
    (post,) = app.texts()
    assert post.headers[SIGNATURE_SETTINGS_HEADER] == "key=webhooks_sharedkey_7,algorithm=HMAC_SHA256"
    assert is_valid(post, app.url, "s3")
    assert not is_valid(post, app.url, TOKEN)
    connected.configure(shared_key_secret="")
    connected.text(PERSON, "hi")
    assert is_valid(app.texts()[-1], app.url, TOKEN)


def test_the_webhook_carries_all_of_twilios_parameters(connected: StandIn, app: App) -> None:
    texted = connected.text(PERSON, "^" * 81)
    (post,) = app.texts()
    assert post.path == "/webhooks/twilio/inbound"
    assert post.headers["Content-Type"].startswith("application/x-www-form-urlencoded")
    assert post.form == {
        "AccountSid": ACCOUNT,
        "ApiVersion": "2010-04-01",
        "Body": "^" * 81,
        "From": PERSON,
        "FromCity": "",
        "FromCountry": "US",
        "FromState": "",
        "FromZip": "",
        "MessageSid": texted.sid,
        "MessagingServiceSid": SERVICE,
        "NumMedia": "0",
        "NumSegments": "2",
        "SmsMessageSid": texted.sid,
        "SmsSid": texted.sid,
        "SmsStatus": "received",
        "To": NUMBER,
        "ToCity": "",
        "ToCountry": "US",
        "ToState": "",
        "ToZip": "",
    }


def test_media_and_further_parameters_are_passed_on(connected: StandIn, app: App) -> None:
    media = [{"url": "https://e.com/a.jpg", "content_type": "image/png"}]
    texted = connected.text(PERSON, media=media, extra={"FromState": "TX", "Novelty &=": "1"})
    (post,) = app.texts()
    assert texted.sid.startswith("MM")
    assert post.form["NumMedia"] == "1"
    assert post.form["MediaUrl0"] == "https://e.com/a.jpg"
    assert post.form["MediaContentType0"] == "image/png"
    assert (post.form["FromState"], post.form["Novelty &="]) == ("TX", "1")
    assert is_valid(post, app.url)


def test_behind_a_proxy_the_webhook_is_signed_for_the_public_address(connected: StandIn, app: App) -> None:
    connected.configure(public_url="https://nudges.example")
    app.reply('<Message action="/status?m=1">hi</Message>')
    connected.text(PERSON, "hi")
    app.wait_for_statuses("sent", "delivered")
    assert [post.path for post in app.posts] == ["/webhooks/twilio/inbound", "/status?m=1", "/status?m=1"]
    assert all(is_valid(post, "https://nudges.example") for post in app.posts)
    assert not any(is_valid(post, app.url) for post in app.posts)


def test_the_same_sid_again_is_the_same_webhook_and_no_second_text(connected: StandIn, app: App) -> None:
    app.reply("<Message>hi</Message>")
    first = connected.text(PERSON, "JOIN pizza")
    again = connected.text(PERSON, "JOIN pizza", sid=first.sid)
    one, two = app.texts()
    assert one.form == two.form
    assert again.sid == first.sid
    assert again.replies == first.replies == ["hi"]
    assert again.reply_sids == [None]
    assert connected.count(PERSON, direction="inbound") == 1
    assert connected.count(PERSON, direction="outbound-reply") == 1


def test_a_retry_after_a_failure_gets_its_reply_sent(connected: StandIn, app: App) -> None:
    app.inbound = lambda _form: Answer("oops", 500)
    first = connected.text(PERSON, "JOIN pizza")
    assert first.replies == []
    app.reply("<Message>hi</Message>")
    connected.text(PERSON, "JOIN pizza", sid=first.sid)
    assert connected.count(PERSON, direction="outbound-reply") == 1


def test_an_app_that_cannot_be_reached_is_11205(stand_in: StandIn) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    stand_in.configure(app_url=f"http://127.0.0.1:{port}")
    texted = stand_in.text(PERSON, "hi")
    assert texted.error is not None
    assert (texted.error["code"], texted.status_code) == (11205, None)
    assert [(each["code"], each["sid"]) for each in stand_in.problems()] == [(11205, texted.sid)]
    assert stand_in.count(PERSON) == 1


def test_a_connection_that_fails_is_tried_once_more(stand_in: StandIn) -> None:
    with Counting() as listener:
        # The listener hangs up on the TLS handshake, before anything of the request has been sent.
        stand_in.configure(app_url=f"https://127.0.0.1:{listener.port}")
        texted = stand_in.text(PERSON, "hi")
    assert texted.error is not None
    assert (texted.error["code"], listener.connections) == (11205, 2)


def test_a_connection_that_is_closed_without_an_answer_is_not_tried_again(stand_in: StandIn) -> None:
    with Counting() as listener:
        stand_in.configure(app_url=f"http://127.0.0.1:{listener.port}")
        texted = stand_in.text(PERSON, "hi")
    assert texted.error is not None
    assert (texted.error["code"], listener.connections) == (11200, 1)


def test_an_app_that_does_not_answer_in_time_is_11200(stand_in: StandIn) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        stand_in.configure(app_url=f"http://127.0.0.1:{silent.getsockname()[1]}", webhook_timeout=0.05)
        texted = stand_in.text(PERSON, "hi")
    assert texted.error is not None
    assert (texted.error["code"], texted.status_code) == (11200, None)


def test_without_an_app_a_text_is_only_kept(stand_in: StandIn) -> None:
    texted = stand_in.text(PERSON, "hi")
    assert (texted.status_code, texted.error, texted.replies) == (None, None, [])
    assert [each["body"] for each in stand_in.messages(PERSON)] == ["hi"]


def test_a_text_is_played_to_its_end_when_the_client_does_not_wait(connected: StandIn, app: App) -> None:
    answered = threading.Event()

    def answer(_form: dict[str, str]) -> Answer:
        answered.wait(10)
        return Answer("<Response><Message>late</Message></Response>")

    app.inbound = answer
    with pytest.raises(requests.Timeout):
        requests.post(f"{connected.url}/_simulator/texts", json={"from": PERSON}, timeout=0.1)
    answered.set()
    connected.wait_for(lambda: connected.messages(PERSON, body="late", status="delivered"))


def test_only_the_phone_that_sent_a_text_can_repeat_it(connected: StandIn) -> None:
    sid = connected.text(PERSON, "hi").sid
    with pytest.raises(StandInError, match="400"):
        connected.text("+15551230002", "hi", sid=sid)


@pytest.mark.parametrize(
    "text",
    [
        {"from_": "nobody"},
        {"from_": PERSON, "to": "+15559999999"},
        {"from_": PERSON, "sid": "SM1"},
        {"from_": PERSON, "media": [1]},
    ],
)
def test_a_text_that_cannot_be_is_refused(stand_in: StandIn, text: dict[str, str]) -> None:
    with pytest.raises(StandInError, match="400"):
        stand_in.text(**text)
    assert stand_in.count() == 0
