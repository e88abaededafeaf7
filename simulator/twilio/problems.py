"""What Twilio's debugger would show: the webhooks that failed and the answers it could not use."""

from __future__ import annotations

from collections import deque
from typing import Any, Final

from .errors import WebhookProblemError

_KEPT: Final = 10_000


class Problems:
    """The newest problems, at most 10,000."""

    def __init__(self) -> None:
        self._noted: deque[dict[str, Any]] = deque(maxlen=_KEPT)

    def note(self, problem: WebhookProblemError, sid: str) -> None:
        """Record that `problem` came up over the message `sid`."""
        self._noted.append(document(problem) | {"sid": sid})

    def documents(self) -> list[dict[str, Any]]:
        """Every problem, oldest first."""
        return list(self._noted)

    def clear(self) -> None:
        """Forget every problem."""
        self._noted.clear()


def document(problem: WebhookProblemError) -> dict[str, Any]:
    """`problem` as the control API shows it."""
    return {"code": problem.code, "message": problem.message}
