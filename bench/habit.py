"""What people write today: one RQ job per recipient that calls ``client.messages.create``.

``python -m bench.habit`` works the queue until it is empty, as `rq worker --burst` does, but with everything
imported beforehand, so that no job pays for imports.
"""

from __future__ import annotations

import os
from typing import Any

from redis import Redis
from rq import Queue, Worker
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

QUEUE = "habit"
BODY = "Corner Bakery: Half-price bread until 6\nReply STOP to opt out."


class _Elsewhere(TwilioHttpClient):
    """Twilio's own client, led to the stand-in."""

    def request(self, method: str, url: str, *arguments: Any, **options: Any) -> Any:
        url = url.replace("https://api.twilio.com", os.environ["TWILIO_API_BASE_URL"])
        return super().request(method, url, *arguments, **options)


def send_one(to: str) -> None:
    """Text one recipient."""
    account, token = os.environ["TWILIO_ACCOUNT_SID"], os.environ["TWILIO_AUTH_TOKEN"]
    Client(account, token, http_client=_Elsewhere()).messages.create(
        to=to,
        body=BODY,
        messaging_service_sid=os.environ["TWILIO_MESSAGING_SERVICE_SID"],
        status_callback=f"{os.environ['PUBLIC_URL']}/webhooks/twilio/status",
    )


if __name__ == "__main__":
    connection = Redis.from_url(os.environ["REDIS_URL"])
    Worker([Queue(QUEUE, connection=connection)], connection=connection).work(burst=True)
