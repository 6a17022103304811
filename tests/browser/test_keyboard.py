"""A reviewer's work on the queue by the keyboard alone, and all of it without scripts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

Open = Callable[..., Page]
FOCUSED = "document.activeElement.getAttribute('href') ?? document.activeElement.id"


def test_the_queue_by_keyboard_alone(demo: Any, sam: dict[str, Any], open_page: Open) -> None:
    page = open_page(sam)
    page.goto(f"{demo.address}/cases/")
    keys = page.keyboard
    keys.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    keys.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"

    rows = page.locator(".queue tbody th a").evaluate_all(
        "links => links.map(link => link.getAttribute('href'))"
    )
    keys.press("j")
    keys.press("j")
    assert page.evaluate(FOCUSED) == rows[1]
    keys.press("k")
    assert page.evaluate(FOCUSED) == rows[0]

    keys.press("?")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    keys.press("Escape")
    expect(dialog).to_be_hidden()

    keys.press("k")
    keys.press("Enter")
    page.wait_for_url(f"**{rows[0]}")
    keys.press("t")
    expect(page.get_by_role("status")).to_have_text("This case is yours now.")
    page.wait_for_load_state()  # until its scripts listen, a key that is pressed is lost
    keys.press("c")
    keys.type("Seen before, jpk?")
    keys.press("Tab")
    keys.press("Enter")
    expect(page.get_by_text("Seen before, jpk?")).to_be_visible()
    page.wait_for_load_state()
    keys.press("p")
    page.wait_for_url("**/cases/")
    expect(page.get_by_role("status")).to_have_text("Passed on. Nobody asks why.")


def test_without_scripts(demo: Any, sam: dict[str, Any], open_page: Open) -> None:
    page = open_page(sam, java_script_enabled=False)
    page.goto(f"{demo.address}/cases/?priority=50&surface=uploads")
    page.get_by_role("button", name="Take the next case").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Case")
    page.get_by_role("button", name="Pass it on").click()
    page.wait_for_url("**/cases/")
    expect(page.locator("time[title$=UTC]").first).to_be_visible()


def test_times_are_in_the_readers_zone(demo: Any, alex: dict[str, Any], open_page: Open) -> None:
    page = open_page(alex, timezone_id="Asia/Tokyo", locale="en-GB")
    page.goto(f"{demo.address}/ledger/")
    time = page.locator("td time").first
    moment, shown, tip = time.get_attribute("datetime"), time.inner_text(), time.get_attribute("title")
    assert moment is not None
    assert tip == f"{moment[:16].replace('T', ' ')} UTC"
    hour = (int(moment[11:13]) + 9) % 24
    assert f"{hour:02}:{moment[14:16]}" in shown or f"{hour % 12 or 12}:{moment[14:16]}" in shown
