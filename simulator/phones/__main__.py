"""``python -m simulator.phones``: serve the phone page until it is told to stop."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

from werkzeug.serving import WSGIRequestHandler, make_server

from simulator.clock import Clock
from simulator.phones.page import create_app

HOST = "127.0.0.1"


class KeptOpen(WSGIRequestHandler):
    """Keeps a browser's connections open; it asks every second."""

    protocol_version = "HTTP/1.1"


def main() -> None:
    """Serve, each request in a thread of its own: one always waits for news from the stand-in."""
    parser = argparse.ArgumentParser(prog="python -m simulator.phones", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--standin", required=True, help="the address of the stand-in for Twilio")
    parser.add_argument("--book", type=Path, required=True, help="the file that the phones are kept in")
    parser.add_argument("--clock", type=Path, required=True, help="the file of the clock that can jump")
    options = parser.parse_args()
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    app = create_app(
        standin_url=options.standin,
        book=options.book,
        clock=Clock(options.clock),
    )
    make_server(HOST, options.port, app, threaded=True, request_handler=KeptOpen).serve_forever()


if __name__ == "__main__":
    main()
