"""From the first link to a signed-in walk: a new workspace, a passkey, and a page that says so."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urlsplit

from browsing import add_passkey
from playwright.sync_api import Page, expect
from serving import Server
from walking import faults, walked

EMAIL, PASSWORD = "first@example.org", "a long enough sentence"


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def fill(page: Page, label: str, value: str) -> None:
    page.get_by_label(re.compile(rf"^{label}( \(optional\))?$")).fill(value)


def test_a_passkey_opens_every_page_of_a_new_workspace(
    real_server: Server, open_page: Callable[..., Page]
) -> None:
    [link] = re.findall(r"http://localhost:\d+/accounts/join/\S+", real_server.said())
    page = open_page()
    add_passkey(page)
    page.goto(link)
    assert faults(page) == []
    fill(page, "E-mail address", EMAIL)
    fill(page, "Your name", "First")
    fill(page, "Password", PASSWORD)
    fill(page, "Password again", PASSWORD)
    press(page, "Join")
    fill(page, "Email", EMAIL)
    fill(page, "Password", PASSWORD)
    assert faults(page) == []
    press(page, "Sign in")

    page.get_by_role("link", name="Add").click()
    fill(page, "Password", PASSWORD)
    press(page, "Confirm")
    fill(page, "Name", "This laptop")
    page.get_by_label("Passwordless").check()
    press(page, "Add")
    expect(page.get_by_role("heading", level=1)).to_have_text("Recovery Codes")
    assert faults(page) == []
    page.get_by_role("link", name="Sign out").click()
    press(page, "Sign Out")
    page.wait_for_url("**/accounts/login/**")
    press(page, "Sign in with a passkey")
    page.wait_for_url(f"http://localhost:{real_server.port}/")

    address = f"http://localhost:{urlsplit(page.url).port}"
    wrong, seen = [], set()
    for kind in walked(page, address):
        seen.add(kind)
        if "Single-operator mode" not in page.locator("body").inner_text():
            wrong.append(f"{kind}: does not say that one person runs this")
    assert wrong == []
    assert {"/", "/lists/", "/unscanned/", "/keys/", "/surfaces/", "/webhooks/", "/settings/"} <= seen
