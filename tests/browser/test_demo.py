"""`make demo`, as it is run: what it prints works, and it can be entered and left."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect


def test_a_link_works_once(
    demo: Any, sam: dict[str, Any], open_page: Callable[..., Page], chromium: Any
) -> None:
    context = chromium.new_context()
    page = context.new_page()
    answer = page.goto(demo.links[0])
    assert answer.status == 410
    context.close()
    page = open_page(sam)
    page.goto(demo.address)
    expect(page.get_by_role("heading", level=1)).to_have_text("Overview")


def test_the_printed_command_scans_a_picture(demo: Any) -> None:
    [command] = re.findall(r"^ +(curl .*)$", demo.said, re.MULTILINE)
    told = json.loads(subprocess.run(shlex.split(command), capture_output=True, check=True).stdout)
    assert told["outcome"] == "hold"


def test_cases_wait(demo: Any, sam: dict[str, Any], open_page: Callable[..., Page]) -> None:
    page = open_page(sam)
    page.goto(f"{demo.address}/cases/")
    assert page.locator(".queue tbody tr").count() >= 5


def test_it_holds_test_lists_only(demo: Any, sam: dict[str, Any], open_page: Callable[..., Page]) -> None:
    page = open_page(sam)
    page.goto(f"{demo.address}/lists/new/")
    assert page.get_by_label("What it holds").locator("option").all_inner_texts() == ["test"]
