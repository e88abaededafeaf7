"""Settings: what the environment says, typed, with every mistake named at once."""

from __future__ import annotations

import base64
import binascii
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

#: Nothing that was texted is in use for longer, and whoever is on call wants to read last week's.
SHORTEST_RETENTION_DAYS = 30


class ConfigurationError(Exception):
    """The environment lacks something or holds something unusable; the message says which and what to do."""


def _versioned_keys(value: Any) -> Any:
    """Read ``version:base64[,version:base64…]``; the first is used for new rows."""
    if not isinstance(value, str):
        return value
    keys: dict[int, bytes] = {}
    for entry in value.split(","):
        version, _, encoded = entry.strip().partition(":")
        if not version.isdigit() or not 0 < int(version) < 65536:
            # Not the entry itself: it may be a key whose version was forgotten.
            raise ValueError("each key must start with a version number from 1 to 65535 and a colon")
        try:
            keys[int(version)] = base64.b64decode(encoded, validate=True)
        except binascii.Error as error:
            raise ValueError(f"the key of version {version} is not base64") from error
        if len(keys[int(version)]) != 32:
            raise ValueError(f"the key of version {version} must be 32 bytes long")
    return keys


def _without_trailing_slash(value: str) -> str:
    return value.rstrip("/")


def _through_psycopg2(value: str) -> str:
    """``postgres://`` and ``postgresql://`` are how hosts write it; SQLAlchemy wants the driver named."""
    return "postgresql+psycopg2://" + value.partition("://")[2]


def _long_enough(days: int) -> int:
    if days != 0 and days < SHORTEST_RETENTION_DAYS:
        raise ValueError(f"must be {SHORTEST_RETENTION_DAYS} days or more, or 0 to keep texts for good")
    return days


VersionedKeys = Annotated[dict[int, bytes], NoDecode, BeforeValidator(_versioned_keys)]
BaseUrl = Annotated[str, Field(pattern=r"^https?://[^/]+"), AfterValidator(_without_trailing_slash)]


class Settings(BaseSettings):
    """One attribute per environment variable; README.md says what each is for."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    database_url: Annotated[str, AfterValidator(_through_psycopg2)] = Field(
        pattern=r"^postgres(ql)?(\+psycopg2)?://"
    )
    redis_url: str = Field(pattern=r"^(rediss?|unix)://")
    public_url: BaseUrl
    secret_key: SecretStr = Field(min_length=16)
    encryption_keys: VersionedKeys
    index_keys: VersionedKeys
    twilio_account_sid: str = Field(pattern=r"^AC[0-9a-fA-F]{32}$")
    twilio_auth_token: SecretStr
    twilio_messaging_service_sid: str = Field(pattern=r"^MG[0-9a-fA-F]{32}$")
    twilio_api_base_url: BaseUrl = "https://api.twilio.com"
    quiet_hours: Literal["on", "off"] = "on"
    lease_seconds: int = Field(60, ge=1)
    unknown_grace_seconds: int = Field(300, ge=0)
    # By then neither a receipt nor Twilio's own list knows of the text: most likely it was never taken, and
    # nobody may be awake to decide. What is sent once more is on record.
    unknown_policy: Literal["resend", "hold"] = "resend"
    # Twilio's list price for one US segment from a long code, before carrier fees, as of July 2026
    # (twilio.com/en-us/sms/pricing/us). It only feeds the estimate in previews.
    segment_price_usd: Decimal = Field(Decimal("0.0083"), ge=0)
    # Twilio's list price for one US MMS from a long code, however long, before carrier fees, as of April
    # 2026 (twilio.com/en-us/sms/pricing/us). It only feeds the estimate in previews.
    mms_price_usd: Decimal = Field(Decimal("0.022"), ge=0)
    # Owners look back at what they announced a year ago, and Twilio shows its own copies for as long
    # (help.twilio.com, "Twilio SMS message and traffic storage").
    retention_days: Annotated[int, AfterValidator(_long_enough)] = 400
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"


@lru_cache(maxsize=1)
def settings() -> Settings:
    """Read the environment, once per process.

    :raises ConfigurationError: naming every variable that is missing or unusable.
    """
    try:
        return Settings()  # type: ignore[call-arg]  # the environment gives the values
    except ValidationError as error:
        lines = [_complaint(item["loc"], item["type"], item["msg"]) for item in error.errors()]
        raise ConfigurationError(
            "Nudges cannot start:\n"
            + "\n".join(lines)
            + "\nREADME.md lists every variable; `make run` sets them all for a try-out."
        ) from None


def _complaint(location: tuple[int | str, ...], kind: str, message: str) -> str:
    name = str(location[0]).upper()
    reason = message.removeprefix("Value error, ")  # pydantic's words before ours
    return f"  {name} is not set." if kind == "missing" else f"  {name}: {reason}."
