"""One line per request, and an id that goes through everything the request causes."""

from __future__ import annotations

import time
import uuid

import structlog
from flask import Flask, Response, g, request

HEADER = "X-Request-ID"

log = structlog.get_logger()


def install(app: Flask) -> None:
    """Give every request an id (the proxy's, where it sends a UUID), and log it when it is answered."""
    app.before_request(_begin)
    app.after_request(_end)


def _begin() -> None:
    g.began = time.perf_counter()
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=_request_id())


def _end(response: Response) -> Response:
    response.headers[HEADER] = structlog.contextvars.get_contextvars()["request_id"]
    # The path as the route has it: a query may hold anything, and who knows a picture's name may see it.
    route = request.url_rule
    log.info(
        "request",
        method=request.method,
        path=route.rule if route else request.path,
        status=response.status_code,
        milliseconds=round((time.perf_counter() - g.began) * 1000, 1),
    )
    return response


def _request_id() -> str:
    try:
        return str(uuid.UUID(request.headers.get(HEADER, "")))
    except ValueError:
        return str(uuid.uuid4())
