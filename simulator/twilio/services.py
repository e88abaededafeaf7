"""Twilio's REST API for Messaging Services, to be read: the service and its numbers.

https://www.twilio.com/docs/messaging/api/service-resource and …/phonenumber-resource. Twilio has it at
messaging.twilio.com.
"""

from __future__ import annotations

import hashlib
from typing import Any, Final

from .errors import TwilioRefusalError
from .settings import Settings

PREFIX: Final = "/v1/Services/"
_BASE: Final = "https://messaging.twilio.com"
_MADE: Final = "2026-01-01T00:00:00Z"


def read(settings: Settings, path: str) -> dict[str, Any]:
    """What a GET of `path` answers. Raises TwilioRefusalError for what there is not."""
    sid, _, rest = path.removeprefix(PREFIX).partition("/")
    numbers = settings.services.get(sid)
    if numbers is None or rest not in {"", "PhoneNumbers"}:
        raise TwilioRefusalError(20404, path)
    return _numbers(settings, sid, numbers) if rest else _service(settings, sid)


def _service(settings: Settings, sid: str) -> dict[str, Any]:
    url = f"{_BASE}{PREFIX}{sid}"
    app = settings.public_url or settings.app_url
    return {
        "sid": sid,
        "account_sid": settings.account_sid,
        "friendly_name": "Nudges",
        "date_created": _MADE,
        "date_updated": _MADE,
        "inbound_request_url": app.rstrip("/") + settings.inbound_path if app else None,
        "inbound_method": "POST",
        "fallback_url": None,
        "fallback_method": "POST",
        "status_callback": settings.status_callback or None,
        "sticky_sender": True,
        "smart_encoding": False,
        "validity_period": 36_000,
        "usecase": "undeclared",
        "us_app_to_person_registered": True,
        "use_inbound_webhook_on_number": settings.inbound_webhook == "number",
        "url": url,
        "links": {"phone_numbers": f"{url}/PhoneNumbers"},
    }


def _numbers(settings: Settings, sid: str, numbers: list[str]) -> dict[str, Any]:
    url = f"{_BASE}{PREFIX}{sid}/PhoneNumbers"
    first = f"{url}?PageSize=50&Page=0"
    return {
        "meta": {
            "page": 0,
            "page_size": 50,
            "first_page_url": first,
            "previous_page_url": None,
            "url": first,
            "next_page_url": None,
            "key": "phone_numbers",
        },
        "phone_numbers": [
            {
                "sid": (number_sid := f"PN{hashlib.sha256(number.encode()).hexdigest()[:32]}"),
                "account_sid": settings.account_sid,
                "service_sid": sid,
                "phone_number": number,
                "country_code": "US",
                "capabilities": ["SMS", "MMS", "Voice"],
                "date_created": _MADE,
                "date_updated": _MADE,
                "url": f"{url}/{number_sid}",
            }
            for number in numbers
        ],
    }
