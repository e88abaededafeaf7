"""Twilio's Messaging Services, read for whoever wants to know whether they are set up as we need them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from requests import RequestException
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response
from twilio.rest import Client

from bot.config import Settings

SECONDS = 10


class NotRead(Exception):
    """Twilio did not tell; the message says why and what to do."""


@dataclass(frozen=True)
class Service:
    """A Messaging Service as Twilio has it.

    :param inbound_url: where it posts incoming texts; None where it doesn't.
    :param by_number: it leaves them to the webhooks of its numbers instead.
    """

    sid: str
    inbound_url: str | None
    inbound_method: str | None
    by_number: bool
    numbers: tuple[str, ...]  # E.164


def read(settings: Settings, sid: str) -> Service:
    """Ask Twilio about a Messaging Service.

    :raises NotRead: it does not answer, does not accept our credentials, or does not know the service.
    """
    client = Client(
        settings.twilio_account_sid,
        settings.twilio_auth_token.get_secret_value(),
        http_client=_Elsewhere(settings.twilio_api_base_url),
    )
    try:
        service = client.messaging.v1.services(sid).fetch()
        numbers = client.messaging.v1.services(sid).phone_numbers.list(limit=1000)
    except TwilioRestException as error:
        advice = {
            401: "TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN don't belong together",
            404: f"the account has no Messaging Service {sid}",
        }
        raise NotRead(advice.get(error.status, f"Twilio answers {error.status} ({error.code})")) from error
    except (RequestException, TwilioException) as error:
        raise NotRead(f"{settings.twilio_api_base_url} does not answer: {type(error).__name__}") from error
    return Service(
        sid=str(service.sid),
        inbound_url=service.inbound_request_url,
        inbound_method=service.inbound_method,
        by_number=bool(service.use_inbound_webhook_on_number),
        numbers=tuple(str(number.phone_number) for number in numbers),
    )


class _Elsewhere(TwilioHttpClient):  # type: ignore[misc]  # Twilio's library has no types
    """Calls another host than Twilio's when the settings name one: this resource has a host of its own."""

    def __init__(self, base_url: str) -> None:
        super().__init__(timeout=SECONDS)
        self._base_url = None if urlsplit(base_url).hostname == "api.twilio.com" else base_url

    def request(self, method: str, url: str, *arguments: Any, **options: Mapping[str, Any]) -> Response:
        if self._base_url is not None:
            url = self._base_url + urlsplit(url).path
        return super().request(method, url, *arguments, **options)
