"""Pictures, as Twilio and the recipients fetch them: an image, and nothing that a browser would run."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient
from structlog.testing import capture_logs

from bot import db
from bot.ids import uuid7
from bot.media import fetching, service
from bot.vendors.media import Downloaded

GIF = b"GIF89a and what comes after"


@pytest.fixture
def path() -> str:
    """Where a fetched picture is shown."""
    now = datetime.now(UTC)
    with db.transaction() as session:
        (received,) = service.receive(
            session,
            source_type="inbound",
            source_id=uuid7(),
            files=[("https://x.example/1", "image/gif")],
            now=now,
        )
        service.want(session, [received.id], now=now)
        wanted = fetching.take(session, now=now)
        assert wanted is not None
        fetching.note(session, wanted, Downloaded(GIF), now=now)
        (file,) = service.files(session, [received.id])
    return urlsplit(service.address(file.name)).path


def test_anybody_with_the_name_gets_the_picture(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert path.endswith(".gif")
    assert (answer.status_code, answer.mimetype, answer.data) == (200, "image/gif", GIF)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer.headers["Content-Disposition"] == 'inline; filename="picture.gif"'
    assert answer.headers["X-Robots-Tag"] == "noindex"
    assert "immutable" in answer.headers["Cache-Control"]


def test_who_has_it_is_not_sent_it_again(client: FlaskClient, path: str) -> None:
    etag = client.get(path).headers["ETag"]
    again = client.get(path, headers={"If-None-Match": etag})
    assert (again.status_code, again.data) == (304, b"")


def test_its_name_is_not_logged(client: FlaskClient, path: str) -> None:
    with capture_logs() as logs:
        client.get(path)
    assert [line["path"] for line in logs] == ["/media/<name>"]


def test_the_ending_makes_it_nothing_else(client: FlaskClient, path: str) -> None:
    answer = client.get(path.replace(".gif", ".html"))
    assert answer.mimetype == "image/gif"
    assert "html" not in answer.headers["Content-Disposition"]


@pytest.mark.parametrize("name", ["nothing", "nothing.jpg", "..%2f..%2fetc%2fpasswd", "%00", "é"])
def test_other_names_are_unknown(client: FlaskClient, name: str) -> None:
    assert client.get(f"/media/{name}").status_code == 404
