"""What this Twilio account is: its credentials, its Messaging Services, and how the stand-in behaves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal, cast, get_args

from .optouts import MODES, Mode

SignatureAlgorithm = Literal["HMAC_SHA1", "HMAC_SHA256"]
InboundWebhook = Literal["service", "number"]


class UnknownSettingError(Exception):
    """A setting does not exist or has a value it cannot have; the message names it and what is allowed."""


@dataclass(slots=True)
class Settings:
    """The account and the stand-in's behaviour; every field can be changed while it runs."""

    account_sid: str = "AC" + "0" * 32
    auth_token: str = "0" * 32
    services: dict[str, list[str]] = field(default_factory=lambda: {"MG" + "0" * 32: ["+15550100000"]})
    """The phone numbers of each Messaging Service, in E.164."""
    app_url: str = ""
    """Where the app listens, e.g. http://127.0.0.1:8000; nothing is posted while it is empty."""
    public_url: str = ""
    """The address the app is known by when it sits behind a proxy: webhooks to it are signed for this
    address and delivered to `app_url`."""
    inbound_path: str = "/webhooks/twilio/inbound"
    inbound_webhook: InboundWebhook = "service"
    """Whether the services' own webhook is called for incoming texts, or each number's."""
    status_callback: str = ""
    """The service's own status callback URL, used for messages that name none."""
    signature_algorithm: SignatureAlgorithm = "HMAC_SHA1"
    shared_key_id: str = "webhooks_sharedkey_" + "0" * 32
    """The key named in X-Twilio-Webhooks-Signature-Settings."""
    shared_key_secret: str = ""
    """Signs in place of the auth token under HMAC_SHA256, when there is one."""
    opt_out_mode: Mode = "default"
    seconds_to_deliver: float = 0.05
    """From a message's acceptance to its last status; 0 goes through them all at once."""
    callback_connections: int = 32
    """How many status callbacks are under way at once."""
    connect_timeout: float = 5.0
    webhook_timeout: float = 15.0
    """Twilio's own limits: https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides"""

    def update(self, changes: Mapping[str, Any]) -> None:
        """Change the named settings, all or none.

        Raises UnknownSettingError for a name or value that cannot be.
        """
        for name, value in changes.items():
            self._check(name, value)
        for name, value in changes.items():
            setattr(self, name, value)

    def _check(self, name: str, value: object) -> None:
        known = {each.name for each in fields(self)}
        if name not in known:
            raise UnknownSettingError(f"There is no setting {name!r}; there are: {', '.join(sorted(known))}.")
        if name == "opt_out_mode" and value not in MODES:
            raise UnknownSettingError(f"opt_out_mode is one of {', '.join(MODES)}.")
        if name == "signature_algorithm" and value not in get_args(SignatureAlgorithm):
            raise UnknownSettingError(f"{name} is one of {', '.join(get_args(SignatureAlgorithm))}.")
        if name == "inbound_webhook" and value not in get_args(InboundWebhook):
            raise UnknownSettingError(f"{name} is one of {', '.join(get_args(InboundWebhook))}.")
        if name == "services" and not _is_services(value):
            raise UnknownSettingError("services maps each Messaging Service's sid to a list of its numbers.")
        current = getattr(self, name)
        numeric = isinstance(current, int | float)
        if numeric and (isinstance(value, bool) or not isinstance(value, int | float) or value < 0):
            raise UnknownSettingError(f"{name} is a number, not below 0.")
        if isinstance(current, str) and not isinstance(value, str):
            raise UnknownSettingError(f"{name} is a string.")

    def service_of(self, number: str) -> str | None:
        """The Messaging Service that `number` belongs to; None when it is not this account's."""
        return next((sid for sid, numbers in self.services.items() if number in numbers), None)

    def document(self) -> dict[str, Any]:
        """Every setting by its name."""
        return asdict(self)


def _is_services(value: object) -> bool:
    if not isinstance(value, dict) or not value:
        return False
    services = cast(dict[object, object], value)
    return all(
        isinstance(sid, str) and isinstance(numbers, list) and all(isinstance(each, str) for each in numbers)
        for sid, numbers in services.items()
    )
