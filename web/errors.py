"""What a caller is told when something goes wrong: a sentence, and the id to look for in the log."""

from __future__ import annotations

import structlog
from flask import Flask, Response, jsonify
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException

log = structlog.get_logger()


def install(app: Flask) -> None:
    """Answer every error in one form. What nobody foresaw is logged by Flask, with its traceback."""
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(OperationalError, _no_database)
    app.register_error_handler(PoolTimeout, _no_database)


def _http_error(error: HTTPException) -> Response:
    return _answer(error.code or 500, error.description or error.name)


def _no_database(error: OperationalError | PoolTimeout) -> Response:
    log.error("database_unavailable", exc_info=error)
    # Twilio then tries the fallback URL, or shows the text as failed; waiting would only end the same.
    response = _answer(503, "The database does not answer; try again shortly.")
    response.headers["Retry-After"] = "5"
    return response


def _answer(status: int, sentence: str) -> Response:
    request_id = structlog.contextvars.get_contextvars().get("request_id")
    response = jsonify(error=sentence, request_id=request_id)
    response.status_code = status
    return response
