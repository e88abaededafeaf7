"""What the stand-in answers, held against Twilio's own OpenAPI document."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import requests
from jsonschema import Draft202012Validator

from simulator.twilio.client import StandIn
from tests.simulator.twilio.rig import ACCOUNT, NUMBER, PERSON, SERVICE, TOKEN

LIST = "/2010-04-01/Accounts/{AccountSid}/Messages.json"
ONE = "/2010-04-01/Accounts/{AccountSid}/Messages/{Sid}.json"
SPEC = json.loads(Path(__file__).with_name("twilio_messages.json").read_text(encoding="utf-8"))
RFC_2822 = re.compile(r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d \+0000")


def strict(schema: Any) -> Any:
    """A schema of OpenAPI 3.0 as JSON Schema: nullable becomes a type, and every property must be there."""
    if isinstance(schema, list):
        return [strict(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    found = {name: strict(value) for name, value in schema.items()}
    if found.pop("nullable", False):
        found["type"] = [found["type"], "null"]
    if isinstance(found.get("properties"), dict):
        found |= {"required": sorted(found["properties"]), "additionalProperties": False}
    return found


def check(path: str, method: str, answer: requests.Response) -> Any:
    """Hold `answer` against what the document says for that operation and status."""
    described = SPEC["paths"][path][method]["responses"]
    assert str(answer.status_code) in described
    schema = described[str(answer.status_code)].get("content", {}).get("application/json", {}).get("schema")
    if schema is None:
        return None
    assert answer.headers["Content-Type"] == "application/json"
    document = answer.json()
    whole = {**strict(schema), "components": {"schemas": strict(SPEC["components"]["schemas"])}}
    Draft202012Validator(whole).validate(document)
    for message in document.get("messages", [document]):
        for name in ("date_created", "date_updated", "date_sent"):
            assert message[name] is None or RFC_2822.fullmatch(message[name])
    return document


@pytest.fixture
def session() -> Any:
    with requests.Session() as found:
        found.auth = (ACCOUNT, TOKEN)
        yield found


def test_every_operation_answers_as_the_document_says(stand_in: StandIn, session: requests.Session) -> None:
    messages = f"{stand_in.url}/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
    stand_in.configure(seconds_to_deliver=3600)
    for sender in ({"From": NUMBER}, {"MessagingServiceSid": SERVICE}):
        form = {"To": PERSON, "Body": 'quotes "and" \\ \n pizza 🍕', **sender}
        created = check(LIST, "post", session.post(messages, data=form, timeout=10))
        assert created["body"] == form["Body"]
    stand_in.configure(seconds_to_deliver=0)
    stand_in.fail("30003", times=1)
    for _ in range(2):
        failed = session.post(messages, data={"To": PERSON, "Body": "hi", "From": NUMBER}, timeout=10).json()
    stand_in.text(PERSON, "hello")
    stand_in.wait_for(lambda: stand_in.count(status="delivered") and stand_in.count(status="undelivered"))
    listed = check(LIST, "get", session.get(messages, params={"PageSize": "2", "Page": "1"}, timeout=10))
    assert listed["next_page_uri"] is not None
    check(LIST, "get", session.get(messages, timeout=10))
    one = f"{stand_in.url}{failed['uri']}"
    check(ONE, "get", session.get(one, timeout=10))
    check(ONE, "post", session.post(one, data={"Body": ""}, timeout=10))
    check(ONE, "delete", session.delete(one, timeout=10))


def test_every_parameter_that_the_document_knows_is_taken(
    stand_in: StandIn, session: requests.Session
) -> None:
    form = SPEC["paths"][LIST]["post"]["requestBody"]["content"]["application/x-www-form-urlencoded"]
    ours = {"To": PERSON, "Body": "hi", "MessagingServiceSid": SERVICE}
    elsewhere = {"From", "StatusCallback", "ScheduleType", "SendAt", "MediaUrl"}
    others = {
        name: "1" for name in form["schema"]["properties"] if name not in ours and name not in elsewhere
    }
    answer = session.post(
        f"{stand_in.url}/2010-04-01/Accounts/{ACCOUNT}/Messages.json", data=ours | others, timeout=10
    )
    check(LIST, "post", answer)
    stand_in.wait_for(stand_in.settled)
