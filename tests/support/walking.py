"""Walks every page that links lead to, and asks axe what readers of it would stumble over."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

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
    # What is in order need not be listed, node by node, and carried out of the browser.
    options: dict[str, Any] = {"resultTypes": ["violations"]}
    if rules:
        options["runOnly"] = {"type": "rule", "values": list(rules)}
    found = Axe().run(page, options=options).response["violations"]
    return [f"{fault['id']}: {fault['nodes'][0]['html'][:160]}" for fault in found]
