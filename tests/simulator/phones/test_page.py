"""The phone page in a real browser, over everything that `make run` starts."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from simulator.people import OWNER
from simulator.stack import Stack
from simulator.twilio.client import StandIn
from tests.simulator.phones.looking import Opened

# One stack and one browser: these tests stay in one of the processes that share the work.
pytestmark = pytest.mark.xdist_group("phones")

Open = Callable[..., Opened]
LIT = re.compile(r"\blit\b")


def test_who_types_on_one_phone_sees_the_others_light_up(open_page: Open) -> None:
    opened = open_page()
    opened.text("Olivia", "Fresh bread from nine")
    expect(opened.lit_state()).to_have_attribute("data-state", "confirming")
    expect(opened.inside).to_contain_text("Waits in confirming for Olivia's next text")
    opened.delivered("Olivia", "Fresh bread from nine")

    opened.text("Olivia", "CONFIRM")
    for name in ("Ana", "João", "Layla"):
        expect(opened.phone(name)).to_have_class(LIT)
    for name in ("Ana", "João", "小梅", "Layla"):
        opened.delivered(name, "Fresh bread from nine")
    expect(opened.lit_state()).to_have_attribute("data-state", "idle")
    expect(opened.texts("Ana", "Fresh bread from nine").locator(".segments")).to_have_text("1 segment")
    expect(opened.texts("小梅", "Fresh bread from nine").locator(".segments")).to_have_text("1 segment")
    expect(opened.texts("Olivia", re.compile(r"done\. \d+ delivered")).last).to_be_visible()

    sum_row = opened.inside.locator(".sum")
    expect(sum_row).to_contain_text("= the audience")
    delivered = opened.inside.get_by_role("row", name=re.compile("^delivered"))
    count = delivered.get_by_role("cell").inner_text()
    expect(sum_row.get_by_role("cell")).to_have_text(count)
    expect(opened.inside.locator(".recipients li")).to_have_count(int(count))

    opened.texts("Ana", "Fresh bread from nine").locator(".body").click()
    steps = opened.inside.locator(".steps b")
    expect(steps.first).to_have_text("recorded")
    expect(steps.last).to_have_text("delivered")


def test_somebody_new_joins_and_the_owner_is_told(open_page: Open) -> None:
    opened = open_page()
    opened.add_phone("Mia", "+1 555 010 0201")
    expect(opened.phone("Mia")).to_contain_text("a stranger")
    opened.phone("Mia").get_by_role("button", name="JOIN pizza-palace").click()
    opened.delivered("Mia", "Pizza Palace")
    expect(opened.phone("Mia").locator(".standing")).to_have_text("follows Pizza Palace")
    expect(opened.texts("Olivia", "subscriber").last).to_be_visible()

    opened.menu("Mia").get_by_role("button", name="Remove this phone").click()
    expect(opened.phone("Mia")).to_have_count(0)


def test_a_text_that_is_filtered_shows_it(open_page: Open, standin: StandIn) -> None:
    opened = open_page()
    opened.menu("Sam").get_by_label("Undeliverable").check()
    expect(opened.phone("Sam").locator(".faults")).to_have_text("Undeliverable")
    opened.page.keyboard.press("Escape")
    opened.text("Olivia", "Croissants are back")
    opened.delivered("Olivia", "Croissants are back")
    opened.text("Olivia", "CONFIRM")
    expect(opened.texts("Sam", "Croissants are back").locator(".fate")).to_contain_text("Not delivered 30007")
    expect(opened.inside.get_by_role("row", name="undelivered 1")).to_be_visible()
    expect(opened.inside.get_by_role("button", name="Sam undelivered (30007)")).to_be_visible()


def test_an_open_question_is_lit_for_as_long_as_it_waits(open_page: Open) -> None:
    opened = open_page()
    opened.add_phone("Noor", "+1 555 010 0203")
    opened.text("Noor", "JOIN pizza-palace")
    expect(opened.phone("Noor").locator(".standing")).to_have_text("follows Pizza Palace")
    opened.text("Noor", "LEAVE")
    question = opened.inside.locator("[data-question='which']")
    expect(question).to_have_class(LIT)
    expect(opened.inside.get_by_text("Leave has asked “which?”")).to_be_visible()
    opened.jump("1 hour")
    expect(question).not_to_have_class(LIT)


def test_a_switch_for_all_strikes_every_phone(open_page: Open) -> None:
    opened = open_page()
    opened.page.get_by_role("button", name="What goes wrong everywhere").click()
    everywhere = opened.page.get_by_role("dialog", name="What goes wrong everywhere")
    everywhere.get_by_label("Receipts missing").check()
    expect(opened.page.locator(".count")).to_have_text("1")
    opened.page.keyboard.press("Escape")
    opened.text("Nia", "hello there")
    opened.delivered("Nia", "JOIN")  # on the phone; but no receipt tells Nudges
    expect(opened.inside.locator(".steps b")).to_have_text(["recorded"])


def test_a_phone_speaks_another_language(open_page: Open) -> None:
    opened = open_page()
    opened.add_phone("Lucía", "+1 555 010 0202")
    opened.menu("Lucía").get_by_label("Language of Lucía's phone").select_option(label="español")
    expect(opened.texts("Lucía", "LANG es")).to_be_visible()
    expect(opened.phone("Lucía").locator(".language")).to_have_text("español")
    expect(opened.phone("Lucía").get_by_role("button", name="UNIRME pizza-palace")).to_be_visible()


def test_a_draft_is_over_when_the_clock_has_jumped_a_day(open_page: Open, stack: Stack) -> None:
    opened = open_page()
    before = stack.clock.ahead
    opened.text("Olivia", "Rolls, two for one")
    opened.delivered("Olivia", "Rolls, two for one")
    opened.jump("1 day")
    opened.jump("10 minutes")
    expect(opened.page.locator("#ahead")).to_contain_text("10 min ahead")
    assert stack.clock.ahead - before == timedelta(days=1, minutes=10)
    opened.text("Olivia", "CONFIRM")
    opened.delivered("Olivia", "Your draft waited for a day and was dropped")


def test_everything_can_be_done_from_the_keyboard(open_page: Open, standin: StandIn) -> None:
    opened = open_page()
    keyboard = opened.page.keyboard
    expect(opened.composer("Olivia")).to_be_focused()
    keyboard.type("Baguettes, still warm")
    keyboard.press("Enter")
    opened.delivered("Olivia", "Baguettes, still warm")
    expect(opened.phone("Olivia").get_by_role("button", name="CONFIRM")).to_be_visible()
    keyboard.press("Alt+3")
    expect(opened.composer("Ana")).to_be_focused()
    keyboard.press("Alt+1")
    keyboard.press("Shift+Tab")  # the pictures
    for _suggestion in opened.phone("Olivia").locator(".quick button").all():
        keyboard.press("Shift+Tab")
    keyboard.press("Shift+Tab")
    expect(opened.phone("Olivia").locator(".log")).to_be_focused()
    keyboard.press("ArrowUp")
    newest = opened.phone("Olivia").locator(".fate").last
    expect(newest).to_be_focused()
    expect(newest).to_have_accessible_name(re.compile("^Delivered, 2 segments, .*Show its life$"))
    keyboard.press("Enter")
    expect(opened.inside.locator("#life blockquote")).to_contain_text("Baguettes, still warm")
    keyboard.press("Shift+Tab")
    keyboard.press("Shift+Tab")
    expect(opened.phone("Olivia").get_by_role("button", name="Olivia's phone")).to_be_focused()
    keyboard.press("Enter")
    expect(opened.page.get_by_label("Language of Olivia's phone")).to_be_focused()
    keyboard.press("Escape")
    expect(opened.page.get_by_role("dialog", name="Olivia's phone")).not_to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_a_phone_sends_stays_text(open_page: Open, standin: StandIn, scheme: str) -> None:
    opened = open_page(color_scheme=scheme)
    evil = '<img src="/nowhere" onerror="alert(1)"><script>alert(2)</script>'
    number = f"+155501003{len(scheme):02}"
    name = f"<b onclick=alert(3)>{scheme}"
    opened.add_phone(name, number)
    standin.text(number, evil)
    shown = opened.phone(name).locator(".mine .body")
    expect(shown).to_have_text(evil)
    expect(shown.locator("img, script, b")).to_have_count(0)
    standin.text(OWNER.number, evil)
    expect(opened.texts("Olivia", "To ").last.locator(".body")).to_contain_text(evil)
    expect(opened.inside.locator("#life blockquote")).to_contain_text("<img src=")
    expect(opened.inside.locator("img")).to_have_count(0)


def test_a_picture_is_sent_and_seen(open_page: Open, standin: StandIn) -> None:
    opened = open_page()
    opened.phone("Nia").get_by_role("button", name="Send a picture").click()
    opened.page.get_by_role("button", name="Attach a pizza").click()
    expect(opened.page.get_by_role("button", name="Leave out a pizza")).to_be_visible()
    opened.text("Nia", "Look at this one")
    picture = opened.texts("Nia", "Look at this one").get_by_role("img")
    expect(picture).to_be_visible()
    opened.page.wait_for_function("image => image.naturalWidth === 480", arg=picture.element_handle())


def test_what_cannot_be_sent_is_told_and_not_lost(open_page: Open) -> None:
    opened = open_page(refused="/api/texts")
    notes = {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"Not a picture"}
    opened.phone("Sam").locator("input[type=file]").set_input_files(notes)
    opened.text("Sam", "Look at this")
    alert = opened.phone("Sam").get_by_role("alert")
    expect(alert).to_have_text("A picture is a JPEG, PNG, GIF or WebP file.")
    expect(opened.composer("Sam")).to_have_value("Look at this")
    opened.phone("Sam").get_by_role("button", name="Leave out notes.txt").click()
    opened.composer("Sam").press("Enter")
    expect(opened.texts("Sam", "Look at this")).to_be_visible()
    expect(alert).to_have_text("")


def test_an_announcement_carries_its_picture_to_every_phone(open_page: Open) -> None:
    opened = open_page()
    opened.phone("Olivia").get_by_role("button", name="Send a picture").click()
    opened.page.get_by_role("button", name="Attach flowers").click()
    expect(opened.page.get_by_role("button", name="Leave out flowers")).to_be_visible()
    opened.text("Olivia", "Tulips are here")
    opened.delivered("Olivia", "Tulips are here")
    opened.text("Olivia", "CONFIRM")
    opened.delivered("Ana", "Tulips are here")
    arrived = opened.texts("Ana", "Tulips are here")
    expect(arrived.locator(".segments")).to_have_text("1 picture")
    picture = arrived.get_by_role("img").element_handle()
    opened.page.wait_for_function("image => image.naturalWidth > 0", arg=picture)


def test_at_390_pixels_one_phone_at_a_time(open_page: Open, standin: StandIn) -> None:
    opened = open_page(390, 844)
    for by in ("1 day", "1 hour", "10 minutes"):
        opened.jump(by)
    standin.fail("slow", seconds=3)  # its count stands among the controls
    expect(opened.page.locator("#ahead")).to_have_text(re.compile(r"\d+ d \d+ h \d+ min ahead"))
    expect(opened.page.locator(".count")).to_be_visible()
    assert opened.page.evaluate("document.documentElement.scrollWidth") == 390
    expect(opened.phone("Ana")).not_to_be_visible()
    box = opened.composer("Olivia").bounding_box()
    assert box is not None
    assert box["y"] + box["height"] <= 844
    standin.text("+15550100003", "LANG es")
    ana = opened.page.get_by_role("tab", name="Ana")
    expect(ana.locator(".dot")).to_have_text("1")
    ana.click()
    expect(ana.locator(".dot")).not_to_be_visible()
    expect(opened.phone("Olivia")).not_to_be_visible()
    opened.text("Ana", "STOP")
    opened.delivered("Ana", "unsubscribed")
    opened.text("Ana", "START")
    opened.delivered("Ana", "re-subscribed")
    ana.press("ArrowLeft")
    expect(opened.phone("Sam")).to_be_visible()
    opened.page.get_by_role("tab", name="Inside").click()
    expect(opened.inside.get_by_role("heading", name="Ledger")).to_be_visible()
    assert opened.page.evaluate("document.documentElement.scrollWidth") == 390
