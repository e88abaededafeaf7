"""Pictures of announcements, for Twilio to fetch and send along."""

from __future__ import annotations

import re
from functools import lru_cache

from flask import Blueprint, Response, abort, request
from flask.typing import ResponseReturnValue

from bot import db
from bot.media import queries
from bot.media.kinds import ENDINGS
from web import access

routes = Blueprint("media", __name__, url_prefix="/media")

#: Twilio may ask once for every recipient. What has a name never changes.
KEPT_IN_MEMORY = 4
NAME = re.compile(r"([A-Za-z0-9_-]{32})\.[a-z]{3,4}")
A_DAY = 24 * 60 * 60


@routes.get("/<name>")
@access.anyone("its name has 192 random bits, and only Twilio and the recipients of the picture are told it")
def show(name: str) -> ResponseReturnValue:
    """Give a picture, as an image and nothing else."""
    known = NAME.fullmatch(name)
    try:
        copy = _copy(known[1] if known else "")
    except queries.NoSuchFile:
        abort(404)
    response = Response(copy.content, mimetype=copy.kind)
    response.headers["Content-Disposition"] = f'inline; filename="picture.{ENDINGS[copy.kind]}"'
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["X-Robots-Tag"] = "noindex"
    response.cache_control.public = True
    response.cache_control.max_age = A_DAY
    response.cache_control.immutable = True
    response.set_etag(copy.sha256.hex())
    return response.make_conditional(request, accept_ranges=True, complete_length=len(copy.content))


@lru_cache(maxsize=KEPT_IN_MEMORY)
def _copy(name: str) -> queries.Copy:
    with db.transaction() as session:
        return queries.copy(session, name)
