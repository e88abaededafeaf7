"""`python -m simulator.twilio`: run the stand-in until it is told to stop."""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import signal
from collections.abc import Awaitable
from pathlib import Path

import uvloop

from .account import Account
from .api import PREFIXES as API
from .api import Api
from .control import PREFIX as CONTROL
from .control import Control
from .media import STORE
from .server import Request, Response, Server, answer_json
from .settings import Settings


def main() -> None:
    """Start, tell the address, and serve until SIGINT or SIGTERM."""
    options = _parse_options()
    # A million messages are not garbage: looking through all of them again and again would only make pauses.
    gc.set_threshold(50_000, 50, 10_000)
    uvloop.run(_serve(options, _settings(options)))


def _parse_options() -> argparse.Namespace:
    environment = os.environ.get
    parser = argparse.ArgumentParser(prog="python -m simulator.twilio", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--ready-fd", type=int, help="write the address to this descriptor when listening")
    parser.add_argument("--port-file", type=Path, help="write the port to this file when listening")
    parser.add_argument("--account-sid", default=environment("TWILIO_ACCOUNT_SID"))
    parser.add_argument("--auth-token", default=environment("TWILIO_AUTH_TOKEN"))
    parser.add_argument("--messaging-service-sid", default=environment("TWILIO_MESSAGING_SERVICE_SID"))
    parser.add_argument("--number", action="append", help="a number of the service; may be repeated")
    parser.add_argument("--app-url", help="where the app listens; texts are posted to its inbound webhook")
    parser.add_argument("--public-url", help="the address the app is known by, if that is another")
    return parser.parse_args()


def _settings(options: argparse.Namespace) -> Settings:
    settings = Settings()
    names = ("account_sid", "auth_token", "app_url", "public_url")
    settings.update({name: getattr(options, name) for name in names if getattr(options, name)})
    ((sid, numbers),) = settings.services.items()
    settings.services = {options.messaging_service_sid or sid: options.number or numbers}
    return settings


async def _serve(options: argparse.Namespace, settings: Settings) -> None:
    account = Account(settings)
    api = Api(account)
    control = Control(account, api)

    def handle(request: Request) -> Response | Awaitable[Response]:
        if request.path.startswith(API):
            return api.handle(request)
        if request.path.startswith(STORE):
            return account.media.show(request)
        if request.path.startswith(CONTROL):
            return control.handle(request)
        return answer_json(404, {"message": f"Twilio's API is under {API[0]}, the controls under {CONTROL}."})

    server = Server(handle)
    control.attach(server)
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    port = await server.start(options.host, options.port)
    _tell(options, port)
    await stopped.wait()
    server.stop()
    account.reset()
    account.webhooks.close()


def _tell(options: argparse.Namespace, port: int) -> None:
    """Tell the address in every way that was asked for; whoever has learned it in one finds it in all."""
    address = f"http://{options.host}:{port}"
    if options.port_file is not None:
        # Renamed into place, so that a reader never sees half of it.
        unfinished = options.port_file.with_suffix(".tmp")
        unfinished.write_text(f"{port}\n", encoding="ascii")
        unfinished.rename(options.port_file)
    if options.ready_fd is not None:
        with os.fdopen(options.ready_fd, "w") as ready:
            ready.write(f"{address}\n")
    print(address, flush=True)


if __name__ == "__main__":
    main()
