"""Logs: one event per line with ids, JSON outside a terminal, no numbers and no texts."""

from __future__ import annotations

import logging
import re
import sys

import structlog

#: Libraries that bring handlers of their own, or say more than we may keep.
LIBRARIES = {
    "gunicorn.error": logging.INFO,
    "gunicorn.access": logging.WARNING,  # our own line has the request id, and no numbers
    "alembic": logging.INFO,
    "twilio": logging.WARNING,  # its client logs numbers and texts at INFO
    "transitions": logging.WARNING,
    "werkzeug": logging.WARNING,
}

_NUMBER = re.compile(r"(?:\+|%2B)\d{3,11}(\d{4})\b")


def configure(level: str = "INFO") -> None:
    """Send every log line of this process, the libraries' too, to standard error in one format."""
    terminal = sys.stderr.isatty()
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if not terminal:
        shared.append(structlog.processors.format_exc_info)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder()],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                # Plain: the pretty tracebacks show local variables, and those hold numbers and texts.
                structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
                if terminal
                else structlog.processors.JSONRenderer(),
                _without_numbers,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name, lowest in LIBRARIES.items():
        library = logging.getLogger(name)
        library.handlers.clear()
        library.propagate = True
        library.setLevel(max(lowest, root.level))


def _without_numbers(_logger: object, _method: str, line: structlog.typing.EventDict) -> str:
    """Leave of any phone number its last four digits, should one get into a line after all."""
    return _NUMBER.sub(r"…\1", str(line))
