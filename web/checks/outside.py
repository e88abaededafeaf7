"""Whether Twilio and we find each other: the sender's settings there, and our address as seen from here."""

from __future__ import annotations

from collections.abc import Iterator

import requests
from twilio.request_validator import SIGNATURE_HEADER, RequestValidator

from bot.config import settings
from bot.vendors import twilio_services
from bot.vendors.twilio_services import NotRead
from web.checks import Finding

INBOUND = "/webhooks/twilio/inbound"
STATUS = "/webhooks/twilio/status"
SECONDS = 10


def sender() -> Iterator[Finding]:
    """Does the Messaging Service exist, with a number, and does it post to us?"""
    ours, sid = settings().public_url + INBOUND, settings().twilio_messaging_service_sid
    try:
        service = twilio_services.read(settings(), sid)
    except NotRead as error:
        yield Finding("sender", str(error), "Put TWILIO_… right; what is to be sent waits until then.")
        return
    if service.numbers:
        yield Finding("sender", f"{sid} has {len(service.numbers)} number(s)")
    else:
        yield Finding(
            "sender", f"{sid} has no number", "Twilio's console › the service › Sender Pool: add one."
        )
    integration = "Twilio's console › the service › Integration: "
    if service.by_number:
        do = f"{integration}choose “Send a webhook”, POST to {ours}"
        yield Finding("inbound", "the service leaves texts to its numbers' own webhooks", do)
    elif service.inbound_url != ours or service.inbound_method != "POST":
        seen = f"texts are sent by {service.inbound_method} to {service.inbound_url or 'nobody'}"
        yield Finding("inbound", seen, f"{integration}POST to {ours}, or put PUBLIC_URL right.")
    else:
        yield Finding("inbound", f"texts are posted to {ours}")


def address() -> Iterator[Finding]:
    """Does PUBLIC_URL lead to a web process of ours, whose signature check agrees with our token?

    What is posted is no receipt: signed rightly it is found wanting (400), signed wrongly it is turned away
    (403), and neither leaves a row.
    """
    url = settings().public_url
    try:
        alive = requests.get(f"{url}/healthz", timeout=SECONDS)
        if alive.status_code != 200 or "alive" not in alive.text:
            do = "PUBLIC_URL must lead to the web process: look at the proxy and at the name."
            yield Finding("address", f"{url}/healthz answers {alive.status_code}, not as Nudges does", do)
            return
        yield Finding("address", f"{url} answers")
        right, wrong = _posted(url, _signature(url)), _posted(url, "no signature of Twilio's")
    except requests.RequestException as error:
        do = "Start the web process; look at DNS, the firewall, the certificate and PUBLIC_URL."
        yield Finding("address", f"{url} can't be reached: {type(error).__name__}", do)
        return
    if wrong != 403:
        do = "Nobody may forge a text: is a proxy answering in our place?"
        yield Finding("signature", f"a wrong one is answered {wrong}, not 403", do)
    if right == 400:
        yield Finding("signature", "a right one is accepted")
    else:
        do = "Web was started with another TWILIO_AUTH_TOKEN or PUBLIC_URL, or a proxy changes the path."
        yield Finding("signature", f"a right one is answered {right}", do)


def _posted(url: str, signature: str) -> int:
    answer = requests.post(
        url + STATUS, data=_NO_RECEIPT, headers={SIGNATURE_HEADER: signature}, timeout=SECONDS
    )
    return answer.status_code


def _signature(url: str) -> str:
    validator = RequestValidator(settings().twilio_auth_token.get_secret_value())
    return str(validator.compute_signature(url + STATUS, _NO_RECEIPT))


_NO_RECEIPT = {"Doctor": "no receipt"}
