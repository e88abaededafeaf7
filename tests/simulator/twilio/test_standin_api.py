"""Twilio's own library creates, reads, lists, changes and deletes messages on the stand-in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from simulator.twilio.client import StandIn
from tests.simulator.twilio.rig import ACCOUNT, NUMBER, PERSON, SERVICE, TOKEN


def delivered(stand_in: StandIn, count: int) -> None:
    stand_in.wait_for(lambda: stand_in.count(status="delivered") == count)


def refused(twilio: Client, **parameters: Any) -> TwilioRestException:
    with pytest.raises(TwilioRestException) as caught:
        twilio.messages.create(**parameters)
    return caught.value


def test_a_message_through_the_service_is_accepted_without_a_sender_and_gets_one(
    twilio: Client, stand_in: StandIn
) -> None:
    message = twilio.messages.create(to=PERSON, messaging_service_sid=SERVICE, body="¡Hola! 🍕" * 20)
    assert (message.status, message.from_, message.num_segments) == ("accepted", None, "0")
    assert (message.messaging_service_sid, message.direction) == (SERVICE, "outbound-api")
    assert message.date_sent is None
    delivered(stand_in, 1)
    later = message.fetch()
    assert (later.status, later.from_, later.num_segments) == ("delivered", NUMBER, "3")
    assert later.body == "¡Hola! 🍕" * 20
    assert later.date_sent is not None
    assert later.error_code is None


def test_a_message_from_a_number_is_queued_with_its_segments(twilio: Client, stand_in: StandIn) -> None:
    message = twilio.messages.create(to="(415) 555-2671", from_=NUMBER, body="a" * 161)
    assert (message.status, message.from_, message.num_segments) == ("queued", NUMBER, "2")
    assert message.to == "+14155552671"
    assert message.messaging_service_sid is None
    stand_in.wait_for(stand_in.settled)


def test_media_make_it_an_mms(twilio: Client, stand_in: StandIn) -> None:
    urls = ["https://example.com/1.jpg", "https://example.com/2.jpg"]
    message = twilio.messages.create(to=PERSON, from_=NUMBER, media_url=urls)
    assert message.sid is not None
    assert message.sid.startswith("MM")
    assert message.num_media == "2"
    assert stand_in.messages(PERSON)[0]["media"] == urls
    stand_in.wait_for(stand_in.settled)


@pytest.mark.parametrize(
    ("parameters", "status", "code"),
    [
        ({"to": "+1555", "from_": NUMBER, "body": "hi"}, 400, 21211),
        ({"to": "", "from_": NUMBER, "body": "hi"}, 400, 21604),
        ({"to": PERSON, "body": "hi"}, 400, 21603),
        ({"to": PERSON, "from_": "+15559999999", "body": "hi"}, 400, 21606),
        ({"to": PERSON, "from_": "nobody", "body": "hi"}, 400, 21212),
        ({"to": NUMBER, "from_": NUMBER, "body": "hi"}, 400, 21266),
        ({"to": PERSON, "from_": NUMBER}, 400, 21602),
        ({"to": PERSON, "from_": NUMBER, "body": ""}, 400, 21602),
        ({"to": PERSON, "from_": NUMBER, "body": "a" * 1601}, 400, 21617),
        ({"to": PERSON, "from_": NUMBER, "media_url": ["https://e.com/1"] * 11}, 400, 21623),
        ({"to": PERSON, "from_": NUMBER, "media_url": ["one.jpg"]}, 400, 21620),
        ({"to": PERSON, "from_": NUMBER, "body": "hi", "status_callback": "nudges"}, 400, 21609),
        ({"to": PERSON, "messaging_service_sid": "MG" + "9" * 32, "body": "hi"}, 400, 21701),
    ],
)
def test_what_twilio_refuses_is_refused_with_its_code(
    twilio: Client, stand_in: StandIn, parameters: dict[str, Any], status: int, code: int
) -> None:
    error = refused(twilio, **parameters)
    assert (error.status, error.code) == (status, code)
    assert stand_in.count() == 0


def test_1600_characters_are_still_taken(twilio: Client, stand_in: StandIn) -> None:
    twilio.messages.create(to=PERSON, from_=NUMBER, body="a" * 1600)
    delivered(stand_in, 1)


@pytest.mark.parametrize("auth", [None, (ACCOUNT, "wrong"), ("AC" + "9" * 32, TOKEN)])
def test_wrong_credentials_are_refused(stand_in: StandIn, auth: tuple[str, str] | None) -> None:
    url = f"{stand_in.url}/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
    answer = requests.post(url, data={"To": PERSON, "From": NUMBER, "Body": "hi"}, auth=auth, timeout=10)
    assert answer.status_code == 401
    assert answer.json() == {
        "code": 20003,
        "message": "Authenticate",
        "more_info": "https://www.twilio.com/docs/errors/20003",
        "status": 401,
    }
    assert stand_in.count() == 0


@pytest.mark.parametrize("sid", ["SM" + "0" * 32, "nothing"])
def test_a_message_that_does_not_exist_is_not_found(twilio: Client, sid: str) -> None:
    with pytest.raises(TwilioRestException) as caught:
        twilio.messages(sid).fetch()
    assert (caught.value.status, caught.value.code) == (404, 20404)


def test_a_method_that_the_resource_lacks_is_refused(stand_in: StandIn) -> None:
    url = f"{stand_in.url}/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
    answer = requests.delete(url, auth=(ACCOUNT, TOKEN), timeout=10)
    assert (answer.status_code, answer.json()["code"]) == (405, 20004)


def test_messages_are_listed_newest_first_over_pages(twilio: Client, stand_in: StandIn) -> None:
    for number in range(7):
        twilio.messages.create(to=f"+1555123000{number}", from_=NUMBER, body=f"text {number}")
    bodies = [message.body for message in twilio.messages.list(page_size=3)]
    assert bodies == [f"text {number}" for number in range(6, -1, -1)]
    page = twilio.messages.page(page_size=3)
    following = page.next_page()
    assert [message.body for message in following] == ["text 3", "text 2", "text 1"]
    assert [message.body for message in following.previous_page()] == ["text 6", "text 5", "text 4"]
    assert twilio.messages.page(page_size=7).next_page() is None
    stand_in.wait_for(stand_in.settled)


def test_a_message_that_comes_in_between_shifts_no_page(twilio: Client, stand_in: StandIn) -> None:
    for number in range(4):
        twilio.messages.create(to=PERSON, from_=NUMBER, body=f"text {number}")
    page = twilio.messages.page(page_size=2)
    twilio.messages.create(to=PERSON, from_=NUMBER, body="newer")
    assert [message.body for message in page.next_page()] == ["text 1", "text 0"]
    stand_in.wait_for(stand_in.settled)


def test_the_list_is_filtered_by_either_end(twilio: Client, stand_in: StandIn) -> None:
    twilio.messages.create(to=PERSON, from_=NUMBER, body="one")
    twilio.messages.create(to="+15551230002", from_=NUMBER, body="two")
    stand_in.text(PERSON, "three")
    assert [each.body for each in twilio.messages.list(to=PERSON)] == ["one"]
    assert [each.body for each in twilio.messages.list(from_=PERSON)] == ["three"]
    assert [each.body for each in twilio.messages.list(to=NUMBER)] == ["three"]
    assert [each.body for each in twilio.messages.list(from_=NUMBER)] == ["two", "one"]
    assert twilio.messages.list(to=PERSON, from_=PERSON) == []
    stand_in.wait_for(stand_in.settled)


def test_the_list_is_filtered_by_the_day_or_moment_sent(twilio: Client, stand_in: StandIn) -> None:
    twilio.messages.create(to=PERSON, from_=NUMBER, body="today")
    delivered(stand_in, 1)
    stand_in.configure(seconds_to_deliver=3600)
    twilio.messages.create(to=PERSON, from_=NUMBER, body="not sent yet")
    now, day = datetime.now(UTC), timedelta(days=1)

    def bodies(**filters: datetime) -> list[str]:
        return [str(message.body) for message in twilio.messages.list(**filters)]

    assert bodies(date_sent=now) == ["today"]
    assert bodies(date_sent=now - day) == []
    assert bodies(date_sent_after=now - day) == ["today"]
    assert bodies(date_sent_after=now + day) == []
    assert bodies(date_sent_before=now + day) == ["today"]
    assert bodies(date_sent_before=now - day) == []
    assert bodies() == ["not sent yet", "today"]


@pytest.mark.parametrize("query", ["PageSize=1001", "PageSize=x", "Page=-1", "DateSent=soon"])
def test_a_list_that_cannot_be_is_refused(stand_in: StandIn, query: str) -> None:
    url = f"{stand_in.url}/2010-04-01/Accounts/{ACCOUNT}/Messages.json?{query}"
    answer = requests.get(url, auth=(ACCOUNT, TOKEN), timeout=10)
    assert (answer.status_code, answer.json()["code"]) == (400, 20001)


def test_a_finished_message_is_redacted_and_deleted(twilio: Client, stand_in: StandIn) -> None:
    message = twilio.messages.create(to=PERSON, from_=NUMBER, body="secret")
    delivered(stand_in, 1)
    assert message.update(body="").body == ""
    assert message.delete()
    with pytest.raises(TwilioRestException) as caught:
        message.fetch()
    assert caught.value.code == 20404
    assert twilio.messages.list() == []


def test_an_unfinished_message_is_neither_redacted_nor_deleted(twilio: Client, stand_in: StandIn) -> None:
    stand_in.configure(seconds_to_deliver=3600)
    message = twilio.messages.create(to=PERSON, from_=NUMBER, body="secret")
    for change in (lambda: message.update(body=""), message.delete):
        with pytest.raises(TwilioRestException) as caught:
            change()
        assert (caught.value.status, caught.value.code) == (409, 20009)
    assert message.fetch().body == "secret"


def test_a_scheduled_message_waits_and_can_be_canceled_once(twilio: Client, stand_in: StandIn) -> None:
    send_at = datetime.now(UTC) + timedelta(hours=1)
    message = twilio.messages.create(
        to=PERSON, messaging_service_sid=SERVICE, body="later", schedule_type="fixed", send_at=send_at
    )
    assert message.status == "scheduled"
    assert message.update(status="canceled").status == "canceled"
    with pytest.raises(TwilioRestException) as caught:
        message.update(status="canceled")
    assert caught.value.code == 30409


@pytest.mark.parametrize(
    ("sender", "seconds", "code"),
    [
        ({"from_": NUMBER}, 3600, 35118),
        ({"messaging_service_sid": SERVICE}, 60, 35114),
        ({"messaging_service_sid": SERVICE}, 36 * 24 * 3600, 35114),
    ],
)
def test_a_schedule_that_cannot_be_is_refused(
    twilio: Client, sender: dict[str, str], seconds: int, code: int
) -> None:
    send_at = datetime.now(UTC) + timedelta(seconds=seconds)
    error = refused(twilio, to=PERSON, body="later", schedule_type="fixed", send_at=send_at, **sender)
    assert error.code == code


def test_a_service_keeps_to_the_number_that_a_person_knows(twilio: Client, stand_in: StandIn) -> None:
    numbers = [f"+1555010000{digit}" for digit in range(1, 5)]
    stand_in.configure(services={SERVICE: numbers})
    people = [f"+1555123000{digit}" for digit in range(8)]
    for digit, person in enumerate(people):
        stand_in.text(person, "hi", to=numbers[-digit % 4])
        twilio.messages.create(to=person, messaging_service_sid=SERVICE, body="hello")
    assert [each["from"] for each in stand_in.messages(direction="outbound-api")] == [
        numbers[-digit % 4] for digit in range(8)
    ]
    stand_in.wait_for(stand_in.settled)
