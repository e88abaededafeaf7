"""``make run``: all of Nudges on this machine, until Ctrl-C."""

import argparse
import os
import signal
import sys
import time
import webbrowser
from types import FrameType

from simulator.environment import settings_in
from simulator.running import announce_running, forget_running
from simulator.stack import FAILURES, PROJECT, Stack
from simulator.tether import tether_to_make

_STANDIN_PORT = 8010
_PHONES_PORT = 8020


def main(arguments: list[str]) -> int:
    """Run until Ctrl-C or SIGTERM (exit code 0) or until a part of it fails (1)."""
    parser = argparse.ArgumentParser(prog="make run", description=__doc__)
    parser.add_argument(
        "--port",
        type=_port,
        default=os.environ.get("PORT") or "8000",
        help="for the web; with 0, any free ones for everything",
    )
    parser.add_argument(
        "--no-open",
        action="store_true",
        default="NO_OPEN" in os.environ,
        help="don't show the phones in the browser; nor with NO_OPEN in the environment",
    )
    options = parser.parse_args(arguments)
    tether_to_make()
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # nohup has SIGHUP ignored.
            signal.signal(number, _interrupt)
    began = time.monotonic()
    own = settings_in(os.environ)
    ports = (options.port, _STANDIN_PORT if options.port else 0)
    phones = _PHONES_PORT if options.port else 0
    stack = Stack(PROJECT, ports=ports, phones=phones, settings=own, show=True, say=_say)
    try:
        stack.start()
        announce_running(PROJECT, app_url=stack.app_url, standin_url=stack.standin_url)
        _say(_ready(stack, own, time.monotonic() - began))
        if not options.no_open and _has_desktop():
            webbrowser.open(stack.phones_url)
        while True:
            stack.check()
            time.sleep(0.2)
    except KeyboardInterrupt:
        _say("Stopping …")
        return 0
    except FAILURES as error:
        print(f"\n{error}\n", file=sys.stderr, flush=True)
        return 1
    finally:
        # A second Ctrl-C must not leave anything behind; stopping is bounded anyway.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        forget_running(PROJECT)
        stack.stop()


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text} is not a port: PORT is a number up to 65535, like 8000")
    return int(text)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _say(line: str) -> None:
    print(line, flush=True)


def _has_desktop() -> bool:
    """Tell whether somebody sits at a desktop here; on a server, a browser would fill the terminal."""
    return sys.stdout.isatty() and (
        sys.platform == "darwin" or "DISPLAY" in os.environ or "WAYLAND_DISPLAY" in os.environ
    )


def _ready(stack: Stack, own: dict[str, str], seconds: float) -> str:
    lines = [
        "",
        f"Ready after {seconds:.1f} s.",
        "",
        f"  Phones            {stack.phones_url}   open it: be the owner, text a draft, CONFIRM it",
        "",
        f"  Nudges            {stack.app_url}",
        f"  Twilio stand-in   {stack.standin_url}",
        "",
        "What next, in another terminal:",
        "  make chat                        be a phone here, in the terminal",
        f"  curl {stack.app_url}/readyz",
        f"  curl {stack.standin_url}/_simulator/messages",
        "  set -a; . var/env; set +a        for a shell with its settings (DATABASE_URL and so on)",
        "",
        "Data, logs and keys are in var/. Ctrl-C stops everything.",
        "",
    ]
    if stack.env["QUIET_HOURS"] == "off":
        lines += ["Quiet hours are off: `QUIET_HOURS=on make run` sends as the law allows.", ""]
    if own:
        lines.insert(2, f"From your own environment: {', '.join(own)}.")
    return "\n".join(lines)
