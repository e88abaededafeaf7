"""Receipts are kept and answered, whatever they say."""

from __future__ import annotations

import socket
import time
import uuid
from collections.abc import Callable

import pytest
from rq import Queue
from sqlalchemy import select

from bot import db, jobs
from bot.messaging.models import Receipt
from tests.web.signed import STATUS, Twilio


def kept() -> Receipt:
    with db.transaction() as session:
        return session.scalars(select(Receipt)).one()


def test_a_receipt_is_kept_with_our_id_and_its_applier_is_woken(twilio: Twilio) -> None:
    message_id = uuid.uuid4()
    form = {"MessageSid": "SM1", "MessageStatus": "undelivered", "ErrorCode": "30003"}
    answer = twilio.post(f"{STATUS}?m={message_id}", form)
    assert (answer.status_code, answer.data) == (204, b"")
    receipt = kept()
    assert (receipt.message_id, receipt.provider_id) == (message_id, "SM1")
    assert (receipt.status, receipt.error_code) == ("undelivered", 30003)
    queued = Queue(jobs.DEFAULT, connection=jobs.redis()).jobs
    assert [job.func_name for job in queued] == ["bot.messaging.jobs.apply_receipts"]


@pytest.mark.parametrize("query", ["", "?m=", "?m=garbage", "?m=1%00", "?n=1"])
def test_a_receipt_without_our_id_is_kept_by_twilios(twilio: Twilio, query: str) -> None:
    assert twilio.post(STATUS + query, {"MessageSid": "SM1", "MessageStatus": "sent"}).status_code == 204
    assert kept().message_id is None


@pytest.mark.parametrize("code", ["", "x", "99999999999999", "-1", "٣"])
def test_an_error_code_that_is_no_number_is_left_out(twilio: Twilio, code: str) -> None:
    form = {"MessageSid": "SM1", "MessageStatus": "failed", "ErrorCode": code}
    assert twilio.post(STATUS, form).status_code == 204
    assert kept().error_code is None


@pytest.mark.parametrize("missing", ["MessageSid", "MessageStatus"])
def test_a_receipt_that_lacks_what_it_must_have_is_told_what(twilio: Twilio, missing: str) -> None:
    form = {"MessageSid": "SM1", "MessageStatus": "sent"}
    del form[missing]
    answer = twilio.post(STATUS, form)
    assert answer.status_code == 400
    assert answer.json is not None
    assert missing in answer.json["error"]


def test_characters_that_no_database_holds_are_left_out(twilio: Twilio) -> None:
    assert twilio.post(STATUS, {"MessageSid": "SM\x001", "MessageStatus": "sent\x00"}).status_code == 204
    assert (kept().provider_id, kept().status) == ("SM1", "sent")


def test_of_many_receipts_only_the_first_waits_for_a_redis_that_hangs(
    twilio: Twilio, change_setting: Callable[[str, str], None]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        change_setting("REDIS_URL", f"redis://127.0.0.1:{mute.getsockname()[1]}/0?socket_timeout=0.2")
        began = time.monotonic()
        for place in range(20):
            form = {"MessageSid": f"SM{place}", "MessageStatus": "sent"}
            assert twilio.post(STATUS, form).status_code == 204
        assert time.monotonic() - began < 2, "each of them would wait for 0.2 seconds at least"
