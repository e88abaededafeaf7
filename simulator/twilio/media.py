"""Files that people send: kept here, and shown the way Twilio shows them.

A webhook's MediaUrl leads to the API, which asks for the account's credentials and redirects to a store that
asks for nothing: https://www.twilio.com/docs/messaging/api/media-resource
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from .errors import TwilioRefusalError
from .messages import API_VERSION, new_sid
from .server import Request, Response, answer_json, header

STORE: Final = "/_simulator/media/"


@dataclass(frozen=True, slots=True)
class File:
    """What somebody sent."""

    content: bytes
    content_type: str


class Media:
    """All files, by their sids."""

    def __init__(self) -> None:
        self._files: dict[str, File] = {}

    def keep(self, file: File, *, account_sid: str, message_sid: str) -> str:
        """Keep a file of a message; returns the path of its MediaUrl."""
        sid = new_sid("ME")
        self._files[sid] = file
        return f"/{API_VERSION}/Accounts/{account_sid}/Messages/{message_sid}/Media/{sid}"

    def redirect(self, request: Request) -> Response:
        """Answer for a MediaUrl: where the file itself is. Raises 20404 for one that is not there."""
        sid = request.path.rpartition("/")[2]
        if sid not in self._files:
            raise TwilioRefusalError(20404, request.path)
        location = f"http://{header(request, b'host')}{STORE}{sid}"
        return Response(307, headers=((b"Location", location.encode()),))

    def show(self, request: Request) -> Response:
        """The file itself, under ``STORE``."""
        file = self._files.get(request.path.removeprefix(STORE))
        if file is None:
            return answer_json(404, {"message": f"There is no file at {request.path}."})
        return Response(200, file.content, content_type=file.content_type.encode("latin-1", "ignore"))

    def clear(self) -> None:
        """Forget every file."""
        self._files.clear()
