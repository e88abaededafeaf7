"""``subscribers show`` and ``subscribers erase``, as an operator runs them."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from click.testing import Result
from flask import Flask

from bot import db
from bot.messaging import service as messaging
from tests.web.signed import INBOUND, Twilio

Run = Callable[..., Result]
ADD = ("clients", "add", "--name", "Pizza Palace", "--slug", "pizza-palace", "--phone", "+1 555 010 0999")
ZOE = "+15550100001"


@pytest.fixture
def run(app: Flask) -> Run:
    """Run a command, where Pizza Palace is there; ``answer`` is what is typed."""
    runner = app.test_cli_runner()

    def invoked(*arguments: str, answer: str = "") -> Result:
        return runner.invoke(args=arguments, input=answer)

    invoked(*ADD)
    return invoked


@pytest.fixture
def zoe(run: Run, twilio: Twilio) -> None:
    """Zoë follows Pizza Palace, says something, and stops."""
    for number, body in enumerate(("JOIN pizza-palace", "Is it still on?", "STOP")):
        text = {"MessageSid": f"SM{number:032}", "From": ZOE, "To": "+15550100000", "Body": body}
        assert twilio.post(INBOUND, text | {"MessagingServiceSid": "MG" + "1" * 32}).status_code == 200


def shown(result: Result) -> list[str]:
    """What is shown, with a word for each id and moment."""
    assert result.exit_code == 0, result.output
    told = re.sub(r"\d{4}-\d\d-\d\dT[\d:]+Z", "<at>", result.stdout)
    told = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "<id>", told)
    return re.sub(r"(SM|MG)\w{32}", r"\1…", told).splitlines()


@pytest.mark.usefixtures("zoe")
def test_a_person_is_shown_with_all_that_is_on_record(run: Run) -> None:
    assert shown(run("subscribers", "show", "+1 555 010 0001")) == [
        "person      <id>, known since <at>",
        "number      …0001, contact point <id>",
        "name        -",
        "language    -",
        "follows     Pizza Palace (pizza-palace) from <at>",
        "opt-outs    MG… from <at>, still (sms, blocked by the carrier too)",
        "consent     <at> join pizza-palace (sms, SM…): 'JOIN pizza-palace'",
        "            <at> opt_out (sms, SM…): 'STOP'",
        "texts       <at> from them  <id> Join.join",
        "            <at> to them    <id> reply, accepted",
        "            <at> from them  <id> Keep.keep",
        "            <at> to them    <id> reply, accepted",
        "            <at> from them  <id> carrier.stop",
    ]


@pytest.mark.usefixtures("zoe")
def test_texts_are_shown_only_when_that_is_asked_for(run: Run) -> None:
    assert "Is it still on?" not in run("subscribers", "show", ZOE).stdout
    assert "                Is it still on?" in shown(run("subscribers", "show", ZOE, "--text"))


def test_an_owner_is_shown_to_be_one(run: Run) -> None:
    assert "speaks for  Pizza Palace (pizza-palace)" in shown(run("subscribers", "show", "+15550100999"))


@pytest.mark.usefixtures("zoe")
def test_a_person_is_erased_and_what_is_kept_is_told_with_the_reason(run: Run) -> None:
    result = run("subscribers", "erase", ZOE, answer="y\n")
    assert result.stderr.startswith(
        "Erase whoever has the number +1 555-010-0001? It can't be undone. [y/N]:"
    )
    told = shown(result)
    assert told[:4] == [
        "Erased for good:",
        "- the number with its last digits, the name, language and time zone",
        "- the words of 3 texts from them, and of 2 replies and notices to them",
        "- whom they follow and speak for: Pizza Palace",
    ]
    assert told[5] == "- the STOP to MG… of <at>: it is their wish too"
    after = shown(run("subscribers", "show", ZOE))
    assert after[1] == "number      erased"
    assert "opt-outs    MG… from <at>, still (sms, blocked by the carrier too)" in after
    assert "            <at> erase (operator)" in after
    again = shown(run("subscribers", "erase", ZOE, "--yes"))
    assert again[3] == "- whom they follow and speak for: nobody"


@pytest.mark.usefixtures("zoe")
def test_nobody_is_erased_without_a_yes(run: Run) -> None:
    assert run("subscribers", "erase", ZOE, answer="n\n").exit_code == 1
    with db.transaction() as session:
        contact_point = messaging.find_contact_point(session, ZOE)
        assert contact_point is not None
        assert contact_point.address == ZOE


def test_of_an_owner_it_is_said_before_what_that_would_mean(run: Run) -> None:
    result = run("subscribers", "erase", "+15550100999", answer="y\n")
    assert result.stderr.startswith("They speak for Pizza Palace (pizza-palace), and can't any more then.\n")


@pytest.mark.parametrize("command", ["show", "erase"])
@pytest.mark.parametrize(
    ("phone", "sentence"),
    [("+15550100042", "Nobody whose number is +15550100042"), ("soon", "is not a phone number")],
)
def test_a_mistake_is_told_in_a_sentence(run: Run, command: str, phone: str, sentence: str) -> None:
    result = run("subscribers", command, phone)
    assert result.exit_code == 1
    assert sentence in result.stderr
