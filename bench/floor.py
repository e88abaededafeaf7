"""The floor: what a turn costs at least on this server, written by hand without any of our code.

``gunicorn bench.floor:application``. For a text: the signature by the validator that we use, one transaction
of four statements over psycopg2 (dedupe insert, one row locked, two rows written), TwiML as a string. For a
receipt: the signature and one insert. No encryption, no logs, no dialogue, no framework.
"""

from __future__ import annotations

import os
import threading
import time
import uuid
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qsl

import psycopg2
from twilio.request_validator import RequestValidator

TABLES = """
    CREATE TABLE floor_talk (number text PRIMARY KEY, seen timestamptz, times int NOT NULL DEFAULT 0);
    CREATE TABLE floor_inbound (
        id uuid PRIMARY KEY, sid text UNIQUE NOT NULL, number text NOT NULL, body text, at timestamptz);
    CREATE TABLE floor_message (
        id uuid PRIMARY KEY, inbound uuid NOT NULL REFERENCES floor_inbound, body text, at timestamptz);
    CREATE TABLE floor_receipt (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        message uuid, sid text, status text, at timestamptz);
"""

_VALIDATOR = RequestValidator(os.environ.get("TWILIO_AUTH_TOKEN", ""))
_URL = os.environ.get("PUBLIC_URL", "")
_thread = threading.local()

Start = Callable[[str, list[tuple[str, str]]], Any]


def application(environ: dict[str, Any], start: Start) -> Iterable[bytes]:
    """Answer a webhook."""
    path = environ["PATH_INFO"]
    if path == "/healthz":
        start("200 OK", [("Content-Length", "0")])
        return [b""]
    body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])).decode()
    form = dict(parse_qsl(body, keep_blank_values=True))
    query = environ.get("QUERY_STRING")
    url = _URL + path + (f"?{query}" if query else "")
    if not _VALIDATOR.validate(url, form, environ["HTTP_X_TWILIO_SIGNATURE"]):
        start("403 Forbidden", [("Content-Length", "0")])
        return [b""]
    if path.endswith("status"):
        _receipt(form, query)
        start("204 No Content", [])
        return [b""]
    answer = _turn(form)
    start("200 OK", [("Content-Type", "text/xml"), ("Content-Length", str(len(answer)))])
    return [answer]


def _turn(form: dict[str, str]) -> bytes:
    inbound_id, message_id = _id(), _id()
    reply = "Thanks! We keep your text for Corner Bakery."
    connection = _connection()
    with connection, connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO floor_inbound VALUES (%s, %s, %s, %s, now())"
            " ON CONFLICT (sid) DO NOTHING RETURNING id",
            (inbound_id, form["MessageSid"], form["From"], form["Body"]),
        )
        cursor.execute("SELECT times FROM floor_talk WHERE number = %s FOR UPDATE", (form["From"],))
        cursor.execute(
            "UPDATE floor_talk SET times = times + 1, seen = now() WHERE number = %s", (form["From"],)
        )
        cursor.execute(
            "INSERT INTO floor_message VALUES (%s, %s, %s, now())", (message_id, inbound_id, reply)
        )
    action = f"{_URL}/webhooks/twilio/status?m={message_id}"
    return f'<?xml version="1.0"?><Response><Message action="{action}">{reply}</Message></Response>'.encode()


def _receipt(form: dict[str, str], query: str | None) -> None:
    connection = _connection()
    with connection, connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO floor_receipt (message, sid, status, at) VALUES (%s, %s, %s, now())",
            ((query or "")[2:], form["MessageSid"], form["MessageStatus"]),
        )


def _connection() -> Any:
    if not hasattr(_thread, "connection"):
        _thread.connection = psycopg2.connect(os.environ["DATABASE_URL"].replace("+psycopg2", ""))
    return _thread.connection


def _id() -> str:
    milliseconds = time.time_ns() // 1_000_000
    return str(uuid.UUID(int=milliseconds << 80 | 0x7 << 76 | int.from_bytes(os.urandom(9), "big") >> 8))
