"""What the app's answer to a text turns into."""

from __future__ import annotations

import pytest
from twilio.request_validator import SIGNATURE_HEADER, RequestValidator
from twilio.twiml.messaging_response import MessagingResponse

from simulator.twilio.client import StandIn
from tests.simulator.twilio.rig import NUMBER, PERSON, SERVICE, TOKEN, Answer, App


def test_a_reply_goes_back_the_way_the_text_came(connected: StandIn, app: App) -> None:
    app.reply("<Message>\n  Hello &amp; welcome, 你好 </Message>")
    texted = connected.text(PERSON, "hi")
    assert texted.replies == ["Hello & welcome, 你好"]
    reply = connected.wait_for(lambda: connected.messages(PERSON, status="delivered"))[0]
    assert reply["sid"] == texted.reply_sids[0]
    assert (reply["from"], reply["to"], reply["direction"]) == (NUMBER, PERSON, "outbound-reply")
    assert (reply["messaging_service_sid"], reply["num_segments"]) == (SERVICE, 1)


def test_what_twilios_library_writes_is_read(connected: StandIn, app: App) -> None:
    response = MessagingResponse()
    first = response.message(action="/a", status_callback="/b")
    first.body("one")
    first.media("https://e.com/1.jpg")
    response.message("two", to="+15551230002")
    app.inbound = lambda _form: Answer(str(response))
    assert connected.text(PERSON, "hi").replies == ["one", "two"]
    (one,), (two,) = connected.messages(body="one"), connected.messages(body="two")
    assert one["media"] == ["https://e.com/1.jpg"]
    assert one["status_callbacks"] == [f"{app.url}/a", f"{app.url}/b"]
    assert two["to"] == "+15551230002"


@pytest.mark.parametrize("attribute", ["action", "statusCallback"])
def test_a_reply_has_signed_status_callbacks_but_none_for_queued(
    connected: StandIn, app: App, attribute: str
) -> None:
    app.reply(f'<Message {attribute}="{app.url}/status?m=7&amp;x=a%20b">hi</Message>')
    connected.text(PERSON, "hi")
    app.wait_for_statuses("sent", "delivered")
    for post in app.posts[1:]:
        assert post.path == "/status?m=7&x=a%20b"
        signature = post.headers[SIGNATURE_HEADER]
        assert RequestValidator(TOKEN).validate(app.url + post.path, post.form, signature)


def test_a_reply_to_a_blocked_phone_fails_with_21610(connected: StandIn, app: App) -> None:
    app.reply('<Message action="/status?m=1">You are off the list.</Message>')
    texted = connected.text(PERSON, "STOP")
    app.wait_for_statuses("failed", sid=texted.reply_sids[0])
    assert app.posts[-1].form["ErrorCode"] == "21610"
    (failed,) = connected.messages(PERSON, status="failed")
    assert (failed["sid"], failed["error_code"]) == (texted.reply_sids[0], 21610)


def test_ten_replies_are_sent_and_the_rest_is_14109(connected: StandIn, app: App) -> None:
    app.reply("".join(f"<Message>{number}</Message>" for number in range(12)))
    texted = connected.text(PERSON, "hi")
    assert texted.replies == [str(number) for number in range(10)]
    assert texted.error is not None
    assert texted.error["code"] == 14109
    assert connected.count(PERSON, direction="outbound-reply") == 10


@pytest.mark.parametrize(
    "answer",
    [
        Answer("<Response/>"),
        Answer("", 204, None),
        Answer("", 200, "text/html"),
        Answer(" ", 200, "text/xml"),
    ],
)
def test_an_empty_answer_replies_nothing(connected: StandIn, app: App, answer: Answer) -> None:
    app.inbound = lambda _form: answer
    texted = connected.text(PERSON, "hi")
    assert (texted.replies, texted.error) == ([], None)


def test_plain_text_is_sent_as_it_is(connected: StandIn, app: App) -> None:
    app.inbound = lambda _form: Answer("1 < 2", 200, "text/plain; charset=utf-8")
    assert connected.text(PERSON, "hi").replies == ["1 < 2"]


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (Answer("<Response><Message>hi</Response>"), 12100),
        (Answer("<Message>hi</Message>"), 12102),
        (Answer("<Response><Message>hi</Message></Response>", 200, "text/html"), 12300),
        (Answer("<Response><Message>hi</Message></Response>", 500), 11200),
        (Answer("<Response><Message>hi</Message></Response>", 302), 11200),
    ],
)
def test_an_answer_that_twilio_cannot_use_sends_nothing(
    connected: StandIn, app: App, answer: Answer, code: int
) -> None:
    app.inbound = lambda _form: answer
    texted = connected.text(PERSON, "hi")
    assert texted.error is not None
    assert (texted.error["code"], texted.status_code, texted.replies) == (code, answer.status, [])
    assert [problem["code"] for problem in connected.problems()] == [code]
    assert connected.count(PERSON, direction="outbound-reply") == 0
    assert len(app.texts()) == 1


@pytest.mark.parametrize(
    ("twiml", "code"), [("<Message/>", 21602), (f"<Message>{'a' * 1601}</Message>", 21617)]
)
def test_a_reply_without_or_with_too_much_text_is_not_sent(
    connected: StandIn, app: App, twiml: str, code: int
) -> None:
    app.reply(twiml + "<Message>fine</Message>")
    connected.text(PERSON, "hi")
    assert [problem["code"] for problem in connected.problems()] == [code]
    assert [each["body"] for each in connected.messages(direction="outbound-reply")] == ["fine"]
