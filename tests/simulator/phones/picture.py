"""``python -m tests.simulator.phones.picture``: take the picture that the README opens with.

It plays a small story over everything that ``make run`` starts, and needs a Chromium, and fonts for Chinese
and Arabic (on Debian: chromium, fonts-noto-core, fonts-noto-cjk).
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import expect, sync_playwright

from simulator.stack import PROJECT, Stack
from tests.browser import chromium
from tests.simulator.phones.looking import Opened

PICTURE = PROJECT / "simulator" / "phones" / "picture.png"
BIGGEST = 300_000
DRAFT = "Half-price pizza until 6"
SUBSCRIBERS = ("Ana", "Chloé", "João", "小梅", "Layla")


def play(opened: Opened) -> None:
    """An announcement with a picture and two wordings; one phone can't be reached, somebody joined."""
    opened.menu("Sam").get_by_label("Undeliverable").check()
    opened.page.keyboard.press("Escape")
    opened.phone("Nia").get_by_role("button", name="JOIN pizza-palace").click()
    opened.delivered("Nia", "Pizza Palace")
    opened.phone("Olivia").get_by_role("button", name="Send a picture").click()
    opened.page.get_by_role("button", name="Attach a pizza").click()
    expect(opened.page.get_by_role("button", name="Leave out a pizza")).to_be_visible()
    opened.text("Olivia", DRAFT)
    opened.delivered("Olivia", DRAFT)
    opened.text("Olivia", "ES: ¡Pizza a mitad de precio hasta las 6!")
    opened.delivered("Olivia", "mitad")
    opened.text("Olivia", "CONFIRM")
    for name in SUBSCRIBERS:
        opened.delivered(name, "Pizza Palace")
    opened.texts("Ana", "mitad").locator(".fate").click()
    expect(opened.inside.locator("#life blockquote")).to_contain_text("mitad")
    expect(opened.inside.locator(".steps b").last).to_have_text("delivered")
    expect(opened.inside.get_by_role("row", name="delivered 6", exact=True)).to_be_visible()
    opened.composer("Olivia").focus()
    expect(opened.lit_state()).to_have_attribute("data-state", "idle")


def main() -> int:
    """Take it; 1 when there is no browser, or when the picture is too big for a README."""
    path = chromium.find()
    if path is None:
        print(chromium.MISSING, file=sys.stderr)
        return 1
    with (
        tempfile.TemporaryDirectory() as folder,
        Stack(Path(folder), durable=False, keep=False, phones=0) as stack,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=path, args=list(chromium.OPTIONS))
        page = browser.new_page(viewport={"width": 1400, "height": 900}, color_scheme="light")
        page.goto(stack.phones_url)
        page.wait_for_selector(".phone.current")
        play(Opened(page))
        page.screenshot(path=PICTURE, animations="disabled")
        browser.close()
    size = PICTURE.stat().st_size
    print(f"{PICTURE.relative_to(PROJECT)}: {size} bytes")
    return int(size > BIGGEST)


if __name__ == "__main__":
    sys.exit(main())
