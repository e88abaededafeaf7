"""Twilio's signature on its webhooks (twilio.com/docs/usage/webhooks/webhooks-security)."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl

import structlog
from flask import Request
from twilio.request_validator import (
    SIGNATURE_HEADER,
    SIGNATURE_SETTINGS_HEADER,
    RequestValidator,
    get_signature_algorithm,
)
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest, Forbidden

from bot.config import settings

# What XML has no room for (and Postgres none for NUL): replies may repeat what was texted, and TwiML is XML.
UNPRINTABLE = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
MOST_PARAMETERS = 1_000  # Twilio sends some thirty

log = structlog.get_logger()


def verified_form(request: Request) -> MultiDict[str, str]:
    """The form that a webhook posted, repeated parameters and all, without unprintable characters.

    The signature covers the URL that Twilio was given. Behind a proxy that is not the URL we see, so it is
    put together from PUBLIC_URL and the path and query as they came.

    :raises Forbidden: without a signature, or with one that does not fit.
    """
    signature = request.headers.get(SIGNATURE_HEADER, "")
    if not signature:
        log.warning(
            "webhook_unsigned",
            path=request.path,
            advice="There is no X-Twilio-Signature header. If it was Twilio, a proxy drops the header.",
        )
        raise Forbidden("Only Twilio may call this: the request has no X-Twilio-Signature header.")
    form = _form(request)
    url = settings().public_url + request.path
    if request.query_string:
        url += "?" + request.query_string.decode("latin-1")
    algorithm = get_signature_algorithm(request.headers.get(SIGNATURE_SETTINGS_HEADER, ""))
    validator = RequestValidator(settings().twilio_auth_token.get_secret_value())
    if not validator.validate(url, form, signature, algorithm):
        log.warning(
            "webhook_signature_wrong",
            signed_url=settings().public_url + request.path,
            algorithm=algorithm,
            advice="If it was Twilio: PUBLIC_URL must be what Twilio is given, scheme and port included; "
            "TWILIO_AUTH_TOKEN must be the account's (or the shared key's secret); and no proxy may "
            "change the path, the query or the body.",
        )
        raise Forbidden("Only Twilio may call this: the signature does not fit.")
    return MultiDict((name, UNPRINTABLE.sub("", value)) for name, value in form.items(multi=True))


def _form(request: Request) -> MultiDict[str, str]:
    """Read the form by ourselves: Werkzeug leaves bytes that are no UTF-8 percent-encoded in the text."""
    body = request.get_data().decode("utf-8", "replace")
    try:
        pairs = parse_qsl(body, keep_blank_values=True, errors="replace", max_num_fields=MOST_PARAMETERS)
    except ValueError as error:
        raise BadRequest(f"A webhook has at most {MOST_PARAMETERS} parameters.") from error
    return MultiDict(pairs)
