"""Every page that the console links to, as people meet it: readable, within its window, and by itself."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect
from walking import faults, walked

NARROW, WIDE = {"width": 400, "height": 800}, {"width": 1280, "height": 900}
OF_SAM = {
    "/", "/cases/", "/cases/*/", "/cases/*/evidence/", "/bundles/", "/unscanned/", "/complaints/",
    "/proposals/", "/lists/", "/lists/new/", "/lists/named/demo-originals/", "/keys/", "/surfaces/",
    "/surfaces/*/", "/webhooks/", "/jobs/", "/settings/", "/api/", "/about/", "/accounts/",
    "/accounts/people/", "/accounts/people/*/", "/accounts/factors/", "/accounts/sessions/",
    "/accounts/logout/", "/accounts/password/change/", "/accounts/factors/totp/activate/",
    "/accounts/factors/webauthn/add/",
}  # fmt: skip


def test_every_page(demo: Any, sam: dict[str, Any], open_page: Callable[..., Page]) -> None:
    page = open_page(sam, viewport=WIDE)
    seen, wrong = set(), []
    for kind in walked(page, demo.address):
        seen.add(kind)
        wrong += wrong_with(page, kind)
    assert wrong == []
    assert OF_SAM - seen == set()


def test_the_ledger_is_for_auditors(demo: Any, alex: dict[str, Any], open_page: Callable[..., Page]) -> None:
    page = open_page(alex, viewport=WIDE)
    page.goto(demo.address)
    page.get_by_role("link", name="Ledger", exact=True).click()
    assert wrong_with(page, "/ledger/") == []
    page.get_by_label("Event").fill("case.opened")
    page.get_by_role("button", name="Search").click()
    assert set(page.locator("tbody td:nth-child(3)").all_inner_texts()) == {"case.opened"}


def test_a_case_tells_where_its_files_came_from(
    demo: Any, sam: dict[str, Any], open_page: Callable[..., Page]
) -> None:
    page = open_page(sam, viewport=WIDE)
    page.goto(f"{demo.address}/cases/?account=cobalt-66")
    page.locator(".queue tbody th a").first.click()
    page.wait_for_url("**/cases/*-*/")
    before = page.get_by_label("To", exact=True).input_value()
    assign(page, "Sam Okafor")
    labelled = page.locator("article", has_text="shapes-7")
    unlabelled = page.locator("article", has_text="shapes-5")
    expect(unlabelled).to_contain_text("No evidence found; that says nothing either way.")
    expect(labelled).to_contain_text("they can be copied into any file")
    expect(labelled.get_by_text("a1b2c3d4e5")).to_have_count(0)
    labelled.get_by_role("button", name="Show embedded details").click()
    expect(labelled.get_by_text("Model hash")).to_be_visible()
    expect(labelled.get_by_text("a1b2c3d4e5")).to_be_visible()
    assert wrong_with(page, "/cases/*/") == []
    page.go_back()
    page.get_by_label("To", exact=True).select_option(before)
    page.get_by_role("button", name="Assign").click()


def assign(page: Page, name: str) -> None:
    page.get_by_label("To", exact=True).select_option(label=name)
    page.get_by_role("button", name="Assign").click()
    expect(page.get_by_text("Assigned.")).to_be_visible()


def wrong_with(page: Page, kind: str) -> list[str]:
    """What readers would stumble over, in light and dark, in a wide window and a narrow one."""
    wrong = [f"{kind}: {fault}" for fault in faults(page)]
    page.emulate_media(color_scheme="dark")
    wrong += [f"{kind}, dark: {fault}" for fault in faults(page, "color-contrast")]
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(NARROW)
    width = page.evaluate("document.documentElement.scrollWidth")
    if width > NARROW["width"]:
        wrong.append(f"{kind}: {width} pixels wide in a window of {NARROW['width']}")
    page.set_viewport_size(WIDE)
    if "Demo workspace" not in page.locator("body").inner_text():
        wrong.append(f"{kind}: not marked as a demo")
    return wrong


def test_light_and_dark_differ(demo: Any, sam: dict[str, Any], open_page: Callable[..., Page]) -> None:
    grounds = {}
    for scheme in ("light", "dark"):
        page = open_page(sam, color_scheme=scheme)
        page.goto(demo.address)
        grounds[scheme] = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert page.screenshot()
    lightness = {scheme: sum(map(int, re.findall(r"\d+", ground))) for scheme, ground in grounds.items()}
    assert lightness["light"] > 600
    assert lightness["dark"] < 150


def test_nothing_answers_whoever_is_not_signed_in(demo: Any, open_page: Callable[..., Page]) -> None:
    page = open_page(viewport=WIDE)
    page.goto(f"{demo.address}/cases/")
    assert page.url.startswith(f"{demo.address}/accounts/login/")
    assert faults(page) == []


def test_what_is_not_there(demo: Any, sam: dict[str, Any], chromium: Any) -> None:
    page = chromium.new_context(storage_state=sam).new_page()
    answer = page.goto(f"{demo.address}/no/such/page")
    assert answer.status == 404
    assert page.get_by_role("heading", level=1).inner_text() == "Nothing is here"
    assert faults(page) == []
    page.context.close()
