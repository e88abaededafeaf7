"""A text comes in and its replies go out, whatever is in it."""

from __future__ import annotations

import socket
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree as ET

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy import text as sql
from structlog.testing import capture_logs
from werkzeug.test import TestResponse

from bot import db
from bot.config import settings
from bot.dialogue.models import Inbound
from bot.messaging.models import Message
from tests.web.signed import INBOUND, STATUS, Twilio

ANNA = "+15550100001"


def text(body: str, **more: str) -> dict[str, str]:
    return {
        "MessageSid": "SM" + uuid.uuid4().hex,
        "From": ANNA,
        "To": "+15550109999",
        "Body": body,
        "NumMedia": "0",
        **more,
    }


def replies(answer: TestResponse) -> list[ET.Element]:
    assert answer.status_code == 200
    assert answer.mimetype == "text/xml"
    root = ET.fromstring(answer.data)
    assert root.tag == "Response"
    return root.findall("Message")


def kept() -> list[str]:
    with db.transaction() as session:
        return list(session.scalars(select(Inbound.body)))


def test_each_reply_carries_its_id_in_the_ledger_to_its_receipts(twilio: Twilio) -> None:
    (reply,) = replies(twilio.post(INBOUND, text("hello")))
    action = urlsplit(reply.attrib["action"])
    assert f"{action.scheme}://{action.netloc}{action.path}" == settings().public_url + STATUS
    (message_id,) = parse_qs(action.query)["m"]
    with db.transaction() as session:
        assert session.scalars(select(Message.id)).one() == uuid.UUID(message_id)
    assert reply.text


def test_the_same_text_again_gets_the_same_answer(twilio: Twilio) -> None:
    form = text("hello")
    first, again = twilio.post(INBOUND, form), twilio.post(INBOUND, form)
    assert first.data == again.data
    assert len(kept()) == 1


@pytest.mark.parametrize(
    ("body", "as_kept"),
    [
        ("", ""),
        ("a" * 1600, "a" * 1600),
        ("😀" * 400, "😀" * 400),
        ("مرحبا \u202bשלום\u202c", "مرحبا \u202bשלום\u202c"),
        ("nul\x00nul", "nulnul"),
        ("bell\x07 and \ufffe", "bell and "),
        ("<Message>&amp;]]>", "<Message>&amp;]]>"),
        ("two\r\nlines\tand a tab", "two\r\nlines\tand a tab"),
        (" % + & = ; ", " % + & = ; "),
    ],
)
def test_any_body_is_taken(twilio: Twilio, body: str, as_kept: str) -> None:
    replies(twilio.post(INBOUND, text(body)))
    assert kept() == [as_kept]


@pytest.mark.parametrize(
    ("sent", "as_read"),
    [
        (b"%FF%FE", "\ufffd\ufffd"),
        (b"caf\xe9", "caf\ufffd"),
        (b"%ED%A0%BD", "\ufffd\ufffd\ufffd"),
        (b"%zz", "%zz"),
    ],
)
def test_bytes_that_are_no_text_are_taken_as_replacement_characters(
    twilio: Twilio, sent: bytes, as_read: str
) -> None:
    form = text(as_read)
    others = "&".join(f"{name}={value.replace('+', '%2B')}" for name, value in form.items() if name != "Body")
    replies(twilio.post(INBOUND, form, sent=others.encode() + b"&Body=" + sent))
    assert kept() == [as_read]


def test_a_text_without_a_body_parameter_is_an_empty_one(twilio: Twilio) -> None:
    form = text("")
    del form["Body"]
    replies(twilio.post(INBOUND, form))
    assert kept() == [""]


@pytest.mark.parametrize("number_of_media", ["2", "99999999999", "-1", "many", ""])
def test_pictures_are_counted_however_many_are_said_to_come(twilio: Twilio, number_of_media: str) -> None:
    media = {"MediaUrl0": "https://api.twilio.com/m/0", "MediaContentType0": "image/png"}
    replies(twilio.post(INBOUND, text("look", **{**media, "NumMedia": number_of_media})))


@pytest.mark.parametrize("missing", ["MessageSid", "From", "To"])
def test_a_signed_webhook_that_lacks_what_it_must_have_is_told_what(twilio: Twilio, missing: str) -> None:
    form = text("hello")
    del form[missing]
    answer = twilio.post(INBOUND, form)
    assert answer.status_code == 400
    assert answer.json is not None
    assert answer.json["error"] == f"The webhook lacks {missing}."


@pytest.mark.parametrize(
    "stranger", ["72345", "NUDGES", "whatsapp:+15550100001", "+1", "anonymous", "+" + "1" * 40]
)
def test_what_is_no_phone_is_not_answered(twilio: Twilio, stranger: str) -> None:
    with capture_logs() as logs:
        assert replies(twilio.post(INBOUND, text("hello", From=stranger))) == []
    assert kept() == []
    assert any(line["event"] == "inbound_not_from_a_phone" for line in logs)


def test_the_log_has_ids_but_no_numbers_and_no_words(twilio: Twilio) -> None:
    form = text("my secret recipe")
    request_id = str(uuid.uuid4())
    with capture_logs() as logs:
        answer = twilio.post(INBOUND, form, headers={"X-Request-ID": request_id})
    assert answer.headers["X-Request-ID"] == request_id
    line = next(line for line in logs if line["event"] == "request")
    assert line["status"] == 200
    assert line["path"] == INBOUND
    assert ANNA not in str(logs)
    assert "secret" not in str(logs)


def test_a_request_without_a_usable_id_gets_one(client: FlaskClient) -> None:
    answer = client.get("/healthz", headers={"X-Request-ID": "<script>"})
    assert uuid.UUID(answer.headers["X-Request-ID"])


@pytest.mark.usefixtures("without_database")
def test_without_a_database_twilio_is_told_so_in_time_for_its_fallback(twilio: Twilio) -> None:
    began = time.monotonic()
    answer = twilio.post(INBOUND, text("hello"))
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert time.monotonic() - began < 6


CUT_OFF_WHO_WAITS = sql("""
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE wait_event_type = 'Lock' AND datname = current_database() AND query LIKE '%INTO conversation%'
""")


def test_a_text_whose_connection_the_database_cuts_is_answered_all_the_same(twilio: Twilio) -> None:
    with ThreadPoolExecutor(1) as pool:
        with db.transaction() as session:
            session.execute(sql("LOCK TABLE conversation IN EXCLUSIVE MODE"))
            answer = pool.submit(twilio.post, INBOUND, text("JOIN nobody"))
            while not session.execute(CUT_OFF_WHO_WAITS).all():
                session.execute(sql("SELECT pg_sleep(0.01), pg_stat_clear_snapshot()"))
        assert len(replies(answer.result(timeout=10))) == 1
    assert kept() == ["JOIN nobody"]


@pytest.mark.usefixtures("without_redis")
def test_without_redis_a_text_is_answered_all_the_same(twilio: Twilio) -> None:
    began = time.monotonic()
    assert replies(twilio.post(INBOUND, text("hello")))
    assert twilio.post(STATUS, {"MessageSid": "SM1", "MessageStatus": "sent"}).status_code == 204
    assert time.monotonic() - began < 3


def test_a_redis_that_hangs_keeps_twilio_waiting_for_seconds_at_most(
    twilio: Twilio, change_setting: Callable[[str, str], None]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        change_setting("REDIS_URL", f"redis://127.0.0.1:{silent.getsockname()[1]}/0")
        began = time.monotonic()
        assert twilio.post(STATUS, {"MessageSid": "SM1", "MessageStatus": "sent"}).status_code == 204
        assert time.monotonic() - began < 5


def test_a_page_that_does_not_exist_is_said_in_a_sentence(client: FlaskClient) -> None:
    answer = client.get("/nowhere")
    assert answer.status_code == 404
    assert answer.json is not None
    assert answer.json["request_id"] == answer.headers["X-Request-ID"]
