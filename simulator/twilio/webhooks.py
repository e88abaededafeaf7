"""Signs what Twilio tells the app and posts it, with Twilio's own limits of time and tries.

Signatures: https://www.twilio.com/docs/usage/webhooks/webhooks-security
Limits: https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final
from urllib.parse import quote_plus, urlsplit
from uuid import uuid4

from .errors import WebhookProblemError
from .posting import Answer, CouldNotConnectError, NoAnswerError, Origin, Poster
from .settings import Settings, SignatureAlgorithm

_DIGESTS: Final[dict[SignatureAlgorithm, str]] = {"HMAC_SHA1": "sha1", "HMAC_SHA256": "sha256"}
_AFTER_HOST: Final = re.compile(r"(?<=[^/:])[/?]")


def signature(secret: str, url: str, parameters: Mapping[str, str], algorithm: SignatureAlgorithm) -> str:
    """The value of X-Twilio-Signature: a keyed hash of the URL followed by each sorted name and value."""
    signed = url + "".join(name + parameters[name] for name in sorted(parameters))
    digest = hmac.digest(secret.encode(), signed.encode(), _DIGESTS[algorithm])
    return base64.b64encode(digest).decode()


class Webhooks:
    """Posts signed forms to the app."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._poster = Poster()

    async def post(self, url: str, parameters: Mapping[str, str]) -> Answer:
        """Post `parameters` to `url`, once more if nobody took the connection; 15 seconds in all.

        Raises WebhookProblemError: 11205 when the app cannot be reached, 11200 when it gives no answer
        or one that says it failed.
        """
        settings = self._settings
        signed_url = url.partition("#")[0]
        origin, target = self._destination(signed_url)
        headers = {**self._signed(signed_url, parameters), "I-Twilio-Idempotency-Token": str(uuid4())}
        body = encode(parameters)
        try:
            async with asyncio.timeout(settings.webhook_timeout):
                try:
                    answer = await self._post(origin, target, headers, body)
                except CouldNotConnectError:
                    answer = await self._post(origin, target, headers, body)
        except CouldNotConnectError as error:
            raise WebhookProblemError(11205, f"{url}: {error}") from error
        except NoAnswerError as error:
            raise WebhookProblemError(11200, f"{url}: {error}") from error
        except TimeoutError as error:
            raise WebhookProblemError(
                11200, f"{url} did not answer within {settings.webhook_timeout:g} s"
            ) from error
        if not 200 <= answer.status < 300:
            raise WebhookProblemError(11200, f"{url} answered {answer.status}", status_code=answer.status)
        return answer

    def close(self) -> None:
        """Close the connections to the app."""
        self._poster.close()

    async def _post(self, origin: Origin, target: str, headers: dict[str, str], body: bytes) -> Answer:
        timeout = self._settings.connect_timeout
        return await self._poster.post(origin, target, headers, body, connect_timeout=timeout)

    def _signed(self, url: str, parameters: Mapping[str, str]) -> dict[str, str]:
        settings = self._settings
        secret, algorithm = settings.auth_token, settings.signature_algorithm
        headers = {
            "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
            "User-Agent": "TwilioProxy/1.1",
            "Accept": "*/*",
        }
        if algorithm == "HMAC_SHA256":
            secret = settings.shared_key_secret or secret
            settings_header = f"key={settings.shared_key_id},algorithm={algorithm}"
            headers["X-Twilio-Webhooks-Signature-Settings"] = settings_header
        headers["X-Twilio-Signature"] = signature(secret, url, parameters, algorithm)
        return headers

    def _destination(self, url: str) -> tuple[Origin, str]:
        """Where to connect, and the path to ask for there: the proxy in front of the app is not played."""
        public = self._settings.public_url.rstrip("/")
        if public and (url == public or url.startswith((public + "/", public + "?"))):
            url = self._settings.app_url.rstrip("/") + url[len(public) :]
        cut = _AFTER_HOST.search(url)
        target = url[cut.start() :] if cut else ""
        origin = _origin(url[: cut.start()] if cut else url)
        if origin is None:
            raise WebhookProblemError(11205, f"{url} is not a URL that can be posted to")
        return origin, target if target.startswith("/") else f"/{target}"


def encode(parameters: Mapping[str, str]) -> bytes:
    """`parameters` as a form."""
    return "&".join(f"{_quoted(name)}={_quoted(value)}" for name, value in parameters.items()).encode()


def _quoted(text: str) -> str:
    # Most names and values are plain words, and quoting them would be a third of a callback's work.
    return text if text.isalnum() and text.isascii() else quote_plus(text)


@lru_cache(maxsize=256)
def _origin(url: str) -> Origin | None:
    """Where a URL that ends with its host leads; None if nowhere."""
    parts = urlsplit(url)
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return None
    return Origin(parts.scheme, parts.hostname, port)
