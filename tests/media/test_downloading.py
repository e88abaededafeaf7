"""Downloading files over real HTTP: what comes of each thing that can be at an address."""

from __future__ import annotations

import asyncio
import base64

import pytest

from bot.config import settings
from bot.vendors import media
from bot.vendors.media import Downloaded, Outcome, Refused, TooBig, Unavailable, may_see_credentials
from tests.media.conftest import JPEG, Host


def download(url: str, most: int = 100_000) -> Outcome:
    return asyncio.run(media.download(url, settings(), most=most))


def test_the_account_s_credentials_go_to_twilio_and_no_further(host: Host) -> None:
    host.redirects["/api"] = "/picture"
    assert download(f"{host.url}/api") == Downloaded(JPEG)
    account = f"{settings().twilio_account_sid}:{settings().twilio_auth_token.get_secret_value()}"
    sealed = "Basic " + base64.b64encode(account.encode()).decode()
    assert host.asked == [("/api", sealed), ("/picture", None)]


@pytest.mark.parametrize(
    ("url", "trusted"),
    [
        ("{base}/2010-04-01/Accounts/AC1/Messages/MM1/Media/ME1", True),
        ("https://127.0.0.1/media", False),
        ("http://127.0.0.1:1/media", False),
        ("{base}.evil.example/media", False),
        ("http://evil.example/{base}/media", False),
        ("{base}@evil.example/media", False),
    ],
)
def test_only_the_configured_host_sees_them(host: Host, url: str, trusted: bool) -> None:
    assert may_see_credentials(url.format(base=host.url), settings()) is trusted


@pytest.mark.parametrize("declared", [True, False], ids=["with its length", "without an end"])
def test_what_is_too_big_is_not_read_to_its_end(host: Host, declared: bool) -> None:
    if declared:
        host.files["/big"] = JPEG * 20
    else:
        host.endless.add("/big")
    assert download(f"{host.url}/big", most=len(JPEG) * 20 - 1) == TooBig()
    assert host.sent < 50_000_000  # what the kernel's buffers hold


def test_exactly_the_most_is_not_too_big(host: Host) -> None:
    assert download(f"{host.url}/picture", most=len(JPEG)) == Downloaded(JPEG)


@pytest.mark.parametrize(
    "leads_to",
    [
        "http://127.0.0.1:9/picture",
        "https://127.0.0.1/picture",
        "https://localhost/picture",
        "https://[::1]/picture",
        "https://[::ffff:127.0.0.1]/picture",
        "https://10.0.0.7/picture",
        "https://169.254.169.254/latest/meta-data",
        "https://0.0.0.0/picture",
        "http://198.51.100.7/picture",
        "file:///etc/passwd",
        "https:///picture",
    ],
)
def test_nothing_leads_into_a_private_network(host: Host, leads_to: str) -> None:
    """Neither a redirect nor the address itself; a name is looked up and judged by where it leads."""
    host.redirects["/api"] = leads_to
    assert isinstance(download(f"{host.url}/api"), Refused)
    assert isinstance(download(leads_to), Refused)
    assert [path for path, _ in host.asked] == ["/api"]


def test_redirects_come_to_an_end(host: Host) -> None:
    host.redirects["/round"] = "/round"
    assert isinstance(download(f"{host.url}/round"), Refused)
    assert len(host.asked) == 4


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500, 503])
def test_what_is_not_there_may_be_later(host: Host, status: int) -> None:
    host.statuses["/later"] = status
    assert download(f"{host.url}/later") == Unavailable(f"HTTP {status}")


def test_what_breaks_off_is_not_taken_for_the_whole(host: Host) -> None:
    host.broken_off.add("/picture")
    assert isinstance(download(f"{host.url}/picture"), Unavailable)


def test_who_dribbles_is_cut_off(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(media, "TOTAL_SECONDS", 0.5)
    host.dribbling.add("/slow")
    assert download(f"{host.url}/slow") == Unavailable("TimeoutError")


def test_nobody_there_may_be_there_later(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWILIO_API_BASE_URL", "http://127.0.0.1:9")
    settings.cache_clear()
    assert isinstance(download("http://127.0.0.1:9/picture"), Unavailable)
