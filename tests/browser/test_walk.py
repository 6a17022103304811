"""Every page that the console links to, as people meet it: readable, within its window, and by itself."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

NARROW, WIDE = {"width": 400, "height": 800}, {"width": 1280, "height": 900}
OF_SAM = {
    "/", "/cases/", "/cases/*/", "/unscanned/", "/lists/", "/lists/new/", "/lists/named/demo-originals/",
    "/keys/", "/surfaces/", "/surfaces/*/", "/webhooks/", "/jobs/", "/settings/", "/api/", "/about/",
    "/accounts/", "/accounts/people/", "/accounts/people/*/", "/accounts/factors/", "/accounts/sessions/",
    "/accounts/logout/", "/accounts/password/change/", "/accounts/factors/totp/activate/",
    "/accounts/factors/webauthn/add/",
}  # fmt: skip
OF_ALEX = {"/", "/cases/", "/ledger/", "/lists/", "/jobs/", "/about/"}
NO_PAGES = {"/api/openapi.json"}
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")


def kind_of(path: str) -> str:
    """Pages of one kind differ in ids only; one of them is walked."""
    return _ID.sub("*", path)


def walked(page: Page, address: str) -> Iterator[str]:
    """Open every page that can be reached by links, one of each kind."""
    waiting, seen = ["/"], set(NO_PAGES)
    while waiting:
        path = waiting.pop(0)
        if kind_of(path) in seen:
            continue
        seen.add(kind_of(path))
        answer = page.goto(address + path)
        assert answer is not None
        assert answer.status == 200, path
        links = page.eval_on_selector_all("a[href]", "links => links.map(link => link.href)")
        waiting += [urlsplit(link).path for link in links if link.startswith(address)]
        yield kind_of(path)


def faults(page: Page, *rules: str) -> list[str]:
    options: dict[str, Any] = {"runOnly": {"type": "rule", "values": list(rules)}} if rules else {}
    found = Axe().run(page, options=options).response["violations"]
    return [f"{fault['id']}: {fault['nodes'][0]['html'][:160]}" for fault in found]


@pytest.mark.parametrize(("who", "expected"), [("sam", OF_SAM), ("alex", OF_ALEX)])
def test_every_page(
    who: str, expected: set[str], demo: Any, open_page: Callable[..., Page], request: pytest.FixtureRequest
) -> None:
    page = open_page(request.getfixturevalue(who), viewport=WIDE)
    seen, wrong = set(), []
    for kind in walked(page, demo.address):
        seen.add(kind)
        wrong += [f"{kind}: {fault}" for fault in faults(page)]
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
    assert wrong == []
    assert expected - seen == set()


def test_light_and_dark_differ(demo: Any, sam: dict[str, Any], open_page: Callable[..., Page]) -> None:
    grounds = {}
    for scheme in ("light", "dark"):
        page = open_page(sam, color_scheme=scheme)
        page.goto(demo.address)
        grounds[scheme] = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert page.screenshot()
    lightness = {scheme: sum(map(int, re.findall(r"\d+", ground))) for scheme, ground in grounds.items()}
    assert lightness["light"] > 600 > 150 > lightness["dark"]


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
