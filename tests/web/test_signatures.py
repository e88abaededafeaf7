"""Only what Twilio signed is taken, whatever stands between Twilio and us."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from structlog.testing import capture_logs
from werkzeug.datastructures import MultiDict

from bot import db
from bot.messaging.models import Receipt
from tests.web.signed import INBOUND, STATUS, Twilio

FORM = {"MessageSid": "SM" + "1" * 32, "MessageStatus": "delivered", "To": "+15550100001"}


def receipts() -> int:
    with db.transaction() as session:
        return session.execute(select(func.count()).select_from(Receipt)).scalar_one()


def test_a_webhook_signed_with_the_auth_token_is_taken(twilio: Twilio) -> None:
    assert twilio.post(STATUS, FORM).status_code == 204
    assert receipts() == 1


def test_a_webhook_signed_with_sha_256_is_taken(twilio: Twilio) -> None:
    settings_header = {
        "X-Twilio-Webhooks-Signature-Settings": "key=webhooks_sharedkey_1,algorithm=HMAC_SHA256"
    }
    answer = twilio.post(STATUS, FORM, algorithm="HMAC_SHA256", headers=settings_header)
    assert answer.status_code == 204


def test_a_sha_256_signature_that_does_not_say_so_is_refused(twilio: Twilio) -> None:
    assert twilio.post(STATUS, FORM, algorithm="HMAC_SHA256").status_code == 403


def test_an_algorithm_nobody_knows_is_refused(twilio: Twilio) -> None:
    settings_header = {"X-Twilio-Webhooks-Signature-Settings": "key=k,algorithm=HMAC_MD5"}
    assert twilio.post(STATUS, FORM, headers=settings_header).status_code == 403


@pytest.mark.parametrize("public_url", ["https://nudges.example.com", "https://nudges.example.com:8443"])
def test_behind_a_proxy_the_signature_is_for_the_public_url(
    twilio: Twilio, change_setting: Callable[[str, str], None], public_url: str
) -> None:
    change_setting("PUBLIC_URL", public_url)
    assert twilio.post(STATUS, FORM, base_url="http://10.0.0.7:5000").status_code == 204


def test_the_query_is_part_of_what_is_signed_exactly_as_it_came(twilio: Twilio) -> None:
    assert twilio.post(STATUS + "?m=a%20b+c&m=%C3%A9&x", FORM).status_code == 204


def test_another_query_than_the_signed_one_is_refused(client: FlaskClient, twilio: Twilio) -> None:
    signature = twilio.signature(STATUS + "?m=1", FORM)
    answer = client.post(STATUS + "?m=2", data=FORM, headers={"X-Twilio-Signature": signature})
    assert answer.status_code == 403


def test_repeated_parameters_are_all_part_of_what_is_signed(twilio: Twilio) -> None:
    form = MultiDict([*FORM.items(), ("Tag", "b"), ("Tag", "a"), ("Tag", "b"), ("Empty", "")])
    assert twilio.post(STATUS, form).status_code == 204


def test_parameters_that_twilio_adds_one_day_are_taken(twilio: Twilio) -> None:
    assert twilio.post(STATUS, {**FORM, "SomethingNew": "x", "Ünïcode": "é"}).status_code == 204


@pytest.mark.parametrize(
    "tampered",
    [
        {**FORM, "MessageStatus": "failed"},
        {**FORM, "MessageSid": FORM["MessageSid"] + " "},
        {**FORM, "ErrorCode": "21610"},
        {"MessageSid": FORM["MessageSid"], "MessageStatus": FORM["MessageStatus"]},
        {},
    ],
)
def test_what_was_changed_on_its_way_is_refused_and_changes_nothing(
    client: FlaskClient, twilio: Twilio, tampered: dict[str, str]
) -> None:
    answer = client.post(
        STATUS, data=tampered, headers={"X-Twilio-Signature": twilio.signature(STATUS, FORM)}
    )
    assert answer.status_code == 403
    assert receipts() == 0


@pytest.mark.parametrize("path", [INBOUND, STATUS])
def test_without_a_signature_it_is_refused_and_the_log_says_why(client: FlaskClient, path: str) -> None:
    with capture_logs() as logs:
        answer = client.post(path, data=FORM)
    assert answer.status_code == 403
    line = next(line for line in logs if line["event"] == "webhook_unsigned")
    assert "no X-Twilio-Signature header" in line["advice"]
    assert FORM["To"] not in str(logs)


def test_a_wrong_signature_is_logged_with_its_usual_causes(client: FlaskClient) -> None:
    with capture_logs() as logs:
        answer = client.post(STATUS, data=FORM, headers={"X-Twilio-Signature": "bm90IHRoaXMgb25l"})
    assert answer.status_code == 403
    line = next(line for line in logs if line["event"] == "webhook_signature_wrong")
    for cause in ("PUBLIC_URL", "TWILIO_AUTH_TOKEN", "proxy"):
        assert cause in line["advice"]
    assert FORM["To"] not in str(logs)


@pytest.mark.parametrize(
    "content_type", ["application/json", "multipart/form-data; boundary=x", "text/plain", ""]
)
def test_a_body_that_is_no_form_is_refused_without_a_crash(
    client: FlaskClient, twilio: Twilio, content_type: str
) -> None:
    answer = client.post(
        STATUS,
        data=b'{"MessageSid": "SM1"}',
        content_type=content_type,
        headers={"X-Twilio-Signature": twilio.signature(STATUS, FORM)},
    )
    assert answer.status_code == 403


def test_a_body_beyond_all_reason_is_refused_by_its_size(twilio: Twilio) -> None:
    assert twilio.post(STATUS, {**FORM, "Body": "x" * 65_536}).status_code == 413


def test_more_parameters_than_twilio_ever_sends_are_refused(twilio: Twilio) -> None:
    assert twilio.post(STATUS, {**FORM, **{f"P{n}": "" for n in range(1_001)}}).status_code == 400
