"""All of Nudges with its phone page, for all these tests, and a page that watches its own manners."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

from simulator.people import OWNER
from simulator.stack import Stack
from simulator.twilio.client import StandIn
from tests.simulator.phones.looking import Opened


@pytest.fixture(scope="package")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with Stack(tmp_path_factory.mktemp("phones"), durable=False, keep=False, phones=0) as started:
        with closing(StandIn(started.standin_url)) as standin:
            standin.configure(seconds_to_deliver=0.3)  # an eye needs longer than a test
        yield started


@pytest.fixture
def standin(stack: Stack) -> Iterator[StandIn]:
    """The stand-in; after the test nothing goes wrong any more."""
    with closing(StandIn(stack.standin_url)) as standin:
        yield standin
        standin.heal()


@pytest.fixture
def open_page(browser: Browser, stack: Stack, standin: StandIn) -> Iterator[Callable[..., Opened]]:
    """Open the page at a size; at the end there must have been no error, and no request to another host.

    ``refused`` is the end of an address whose refusal the test brings about. Nothing is left to the next
    test: no draft that waits, no text on its way.
    """
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def ours(url: str) -> bool:
        return url.startswith((f"{stack.phones_url}/", f"blob:{stack.phones_url}/"))

    def watch(page: Page, refused: str) -> None:
        def hear(line: ConsoleMessage) -> None:
            # The browser itself writes a line for an answer that is a refusal.
            if line.type == "error" and not (refused and line.location["url"].endswith(refused)):
                complaints.append(f"console: {line.text} {line.location['url']}")

        page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
        page.on("console", hear)
        page.on("request", lambda request: ours(request.url) or complaints.append(f"asked {request.url}"))
        page.on("dialog", lambda dialog: complaints.append(f"dialog: {dialog.message}"))

    def opened(width: int = 1440, height: int = 900, *, refused: str = "", **options: str) -> Opened:
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        page = context.new_page()
        watch(page, refused)
        page.goto(stack.phones_url)
        page.wait_for_selector(".phone.current")
        return Opened(page)

    yield opened
    for context in contexts:
        context.close()
    standin.heal()
    standin.text(OWNER.number, "DISCARD")
    standin.wait_for(standin.settled)
    assert complaints == []
