"""STOP, START and HELP, as Twilio acts on them before the app does."""

from __future__ import annotations

import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from simulator.twilio.client import StandIn
from tests.simulator.twilio.rig import NUMBER, PERSON, SERVICE, App

STOPPED = (
    "You have successfully been unsubscribed. You will not receive any more messages from this number. "
    "Reply START to resubscribe."
)
STARTED = (
    "You have successfully been re-subscribed to messages from this number. Reply HELP for help. "
    "Reply STOP to unsubscribe. Msg&Data Rates May Apply."
)
HELP = "Reply STOP to unsubscribe. Msg&Data Rates May Apply."
BLOCK = [{"scope": SERVICE, "number": PERSON}]


@pytest.mark.parametrize(
    "word",
    ["STOP", "unsubscribe", "End", "QUIT", "STOPALL", "REVOKE", "OPTOUT", "CANCEL", "  stop \n"],
)
def test_a_stop_word_blocks_is_answered_and_still_reaches_the_app(
    connected: StandIn, app: App, word: str
) -> None:
    texted = connected.text(PERSON, word)
    assert texted.auto_reply == STOPPED
    assert connected.opt_outs() == BLOCK
    (post,) = app.texts()
    assert post.form["Body"] == word
    assert "OptOutType" not in post.form
    connected.wait_for(lambda: connected.messages(PERSON, body=STOPPED, status="delivered"))


@pytest.mark.parametrize("body", ["Stop please", "STOP.", "please stop", "stop all", "", "JOIN pizza"])
def test_only_the_whole_body_is_a_stop_word(connected: StandIn, body: str) -> None:
    assert connected.text(PERSON, body).auto_reply is None
    assert connected.opt_outs() == []


@pytest.mark.parametrize("sender", [{"messaging_service_sid": SERVICE}, {"from_": NUMBER}])
def test_a_send_to_a_blocked_phone_is_refused_until_it_texts_start(
    connected: StandIn, twilio: Client, sender: dict[str, str]
) -> None:
    connected.text(PERSON, "STOP")
    with pytest.raises(TwilioRestException) as caught:
        twilio.messages.create(to=PERSON, body="hi", **sender)
    assert (caught.value.status, caught.value.code) == (400, 21610)
    assert connected.count(PERSON, direction="outbound-api") == 0
    twilio.messages.create(to="+15551230002", body="hi", **sender)
    assert connected.text(PERSON, "start").auto_reply == STARTED
    twilio.messages.create(to=PERSON, body="hi", **sender)
    assert connected.count(PERSON, direction="outbound-api") == 1


@pytest.mark.parametrize("word", ["START", "yes", "Unstop"])
def test_a_start_word_lifts_the_block_before_the_app_replies(connected: StandIn, app: App, word: str) -> None:
    connected.text(PERSON, "STOP")
    app.reply("<Message>Welcome back</Message>")
    assert connected.text(PERSON, word).auto_reply == STARTED
    assert connected.opt_outs() == []
    connected.wait_for(lambda: connected.messages(PERSON, body="Welcome back", status="delivered"))


def test_a_start_word_from_a_phone_that_is_not_blocked_is_not_answered(connected: StandIn) -> None:
    assert connected.text(PERSON, "YES").auto_reply is None


def test_a_second_stop_is_not_answered(connected: StandIn) -> None:
    connected.text(PERSON, "STOP")
    assert connected.text(PERSON, "STOP").auto_reply is None
    assert connected.opt_outs() == BLOCK


@pytest.mark.parametrize("word", ["HELP", "info"])
def test_help_is_answered_and_blocks_nothing(connected: StandIn, word: str) -> None:
    assert connected.text(PERSON, word).auto_reply == HELP
    assert connected.opt_outs() == []


@pytest.mark.parametrize(
    ("word", "kind"),
    [("STOP", "STOP"), ("CANCEL", "STOP"), ("START", "START"), ("INFO", "HELP"), ("hi", None)],
)
def test_advanced_opt_out_tells_the_app_what_it_did(
    connected: StandIn, app: App, word: str, kind: str | None
) -> None:
    connected.configure(opt_out_mode="advanced")
    connected.text(PERSON, word)
    assert app.texts()[-1].form.get("OptOutType") == kind


def test_when_it_is_off_twilio_neither_answers_nor_blocks(
    connected: StandIn, app: App, twilio: Client
) -> None:
    connected.configure(opt_out_mode="off")
    app.reply("<Message>Goodbye</Message>")
    texted = connected.text(PERSON, "STOP")
    assert (texted.auto_reply, texted.replies) == (None, ["Goodbye"])
    assert connected.opt_outs() == []
    twilio.messages.create(to=PERSON, body="hi", from_=NUMBER)
    connected.wait_for(lambda: connected.count(PERSON, status="delivered") == 2)


def test_a_block_holds_for_the_one_service_and_all_its_numbers(connected: StandIn, twilio: Client) -> None:
    other, others = "MG" + "4d" * 16, "+15550100009"
    connected.configure(services={SERVICE: [NUMBER, "+15550100002"], other: [others]})
    connected.text(PERSON, "STOP", to=NUMBER)
    with pytest.raises(TwilioRestException):
        twilio.messages.create(to=PERSON, body="hi", from_="+15550100002")
    twilio.messages.create(to=PERSON, body="hi", messaging_service_sid=other)
    assert connected.messages(PERSON, direction="outbound-api")[0]["from"] == others


def test_the_same_sid_again_does_not_stop_twice(connected: StandIn, app: App) -> None:
    first = connected.text(PERSON, "STOP")
    connected.text(PERSON, "START")
    connected.text(PERSON, "STOP", sid=first.sid)
    assert connected.opt_outs() == []
    assert len(app.texts()) == 3
