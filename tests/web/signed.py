"""Webhooks as Twilio posts them, signed by Twilio's own library."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from flask.testing import FlaskClient
from twilio.request_validator import RequestValidator
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from bot.config import settings

INBOUND = "/webhooks/twilio/inbound"
STATUS = "/webhooks/twilio/status"


class Twilio:
    """Posts signed webhooks."""

    def __init__(self, client: FlaskClient) -> None:
        self._client = client

    def post(
        self,
        path: str,
        form: Mapping[str, str] | MultiDict[str, str],
        *,
        sent: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        algorithm: str | None = None,
        base_url: str | None = None,
    ) -> TestResponse:
        """Sign ``form`` for PUBLIC_URL and post it, or ``sent`` in its place."""
        pairs = list(form.items(multi=True)) if isinstance(form, MultiDict) else list(form.items())
        return self._client.post(
            path,
            data=urlencode(pairs) if sent is None else sent,
            content_type="application/x-www-form-urlencoded",
            headers={"X-Twilio-Signature": self.signature(path, form, algorithm), **(headers or {})},
            base_url=base_url,
        )

    def signature(
        self, path: str, form: Mapping[str, str] | MultiDict[str, str], algorithm: str | None = None
    ) -> str:
        """What Twilio puts into X-Twilio-Signature."""
        validator = RequestValidator(settings().twilio_auth_token.get_secret_value())
        return str(validator.compute_signature(settings().public_url + path, form, algorithm))
