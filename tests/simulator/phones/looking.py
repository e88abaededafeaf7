"""The phone page as somebody sees it who looks at it."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect

#: A busy machine may take this long, in milliseconds; nothing here waits longer than it has to.
PATIENCE = 20_000


class Opened:
    """An open page."""

    def __init__(self, page: Page) -> None:
        page.set_default_timeout(PATIENCE)
        expect.set_options(timeout=PATIENCE)
        self.page = page
        self.inside = page.locator("#inside")

    def phone(self, name: str) -> Locator:
        return self.page.get_by_role("region", name=name, exact=True)

    def composer(self, name: str) -> Locator:
        return self.page.get_by_role("textbox", name=f"Text from {name}", exact=True)

    def text(self, name: str, words: str) -> None:
        """Type on a phone and press Enter."""
        self.composer(name).fill(words)
        self.composer(name).press("Enter")

    def texts(self, name: str, words: str | re.Pattern[str]) -> Locator:
        """The texts on a phone that have these words."""
        return self.phone(name).locator(".text", has=self.page.locator(".body", has_text=words))

    def delivered(self, name: str, words: str) -> None:
        """Wait until the newest text with these words has arrived on a phone, and its tick says so.

        A draft's own words are in its preview, which "Received" above it is not taken for.
        """
        expect(self.texts(name, words).last.locator(".fate")).to_contain_text("Delivered")

    def lit_state(self) -> Locator:
        return self.inside.locator(".diagram .lit")

    def jump(self, by: str) -> None:
        """Let the clock jump ahead."""
        self.page.get_by_role("button", name="Jump ahead").click()
        self.page.get_by_role("button", name=f"+ {by}").click()
        self.page.keyboard.press("Escape")

    def add_phone(self, name: str, number: str = "") -> None:
        self.page.get_by_role("button", name="Add a phone").click()
        self.page.get_by_label("Name", exact=True).fill(name)
        self.page.get_by_label("Number, with country code").fill(number)
        self.page.get_by_role("button", name="Add", exact=True).click()
        expect(self.phone(name)).to_be_visible()

    def menu(self, name: str) -> Locator:
        """Open a phone's own menu."""
        self.phone(name).get_by_role("button", name=f"{name}'s phone").click()
        return self.page.get_by_role("dialog", name=f"{name}'s phone")
