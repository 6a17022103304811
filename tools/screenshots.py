#!/usr/bin/env python3
"""Makes the documentation's pictures of the console from a demo: benign files, made-up people, nothing real.

Run by `make screenshots`; needs Debian's Chromium.
"""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

STATIC = Path(__file__).parents[1] / "docs" / "_static"
SIZE = {"width": 1280, "height": 820}
PATIENCE = 240.0
FLAGS = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"]


@contextmanager
def demo() -> Iterator[list[str]]:
    """The one-time links of a demo that runs until the block ends."""
    with tempfile.TemporaryDirectory(prefix="sl-") as folder:
        output = Path(folder) / "output"
        with output.open("wb") as written:
            command = [str(Path(sys.executable).with_name("safelight")), "demo", "--console"]
            process = subprocess.Popen(command, stdout=written, stderr=written, start_new_session=True)
        try:
            until = time.monotonic() + PATIENCE
            while "Ctrl-C stops it" not in output.read_text():
                if process.poll() is not None or time.monotonic() > until:
                    sys.exit(output.read_text())
                time.sleep(0.2)
            yield re.findall(r"http://localhost:\d+/accounts/demo/\S+", output.read_text())
        finally:
            process.send_signal(signal.SIGINT)
            process.wait()


def entered(browser: Browser, link: str, scheme: str) -> Page:
    """A page of somebody who went in by a link."""
    page = browser.new_context(viewport=SIZE, color_scheme=scheme, locale="en-GB").new_page()
    page.goto(link)
    page.get_by_role("button").click()
    page.wait_for_url("http://localhost:*/")
    return page


def take(page: Page, name: str, path: str | None = None) -> None:
    """Write the window as ``docs/_static/NAME.png``."""
    if path is not None:
        page.goto(re.match(r"http://localhost:\d+", page.url)[0] + path)  # type: ignore[index]
    page.screenshot(path=STATIC / f"{name}.png")
    print(STATIC / f"{name}.png")  # noqa: T201


def inside_an_archive(page: Page) -> None:
    """The page of what an archive holds, one of its pictures shown."""
    page.goto(re.sub(r"/cases/.*", "/cases/?account=maple-417", page.url))
    page.locator(".queue tbody th a").first.click()
    page.wait_for_url("**/cases/*-*/")
    page.keyboard.press("t")
    page.get_by_role("button", name="What is inside").click()
    page.wait_for_url("**/inside/")
    page.keyboard.press("1")
    page.locator("[data-screen] canvas").wait_for()
    take(page, "console-inside")


def main() -> None:
    """Take them all."""
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("Chromium is needed: apt install chromium")
    with demo() as links, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        light = entered(browser, links[0], "light")
        take(light, "console-overview")
        take(light, "console-list", "/lists/named/demo-originals/")
        take(light, "console-queue", "/cases/")
        light.keyboard.press("j")
        light.keyboard.press("Enter")
        light.wait_for_url("**/cases/*-*/")
        light.keyboard.press("t")
        light.get_by_role("status").wait_for()
        light.reload()
        take(light, "console-case")
        light.keyboard.press("1")
        light.locator("[data-screen] canvas").scroll_into_view_if_needed()
        take(light, "console-looking")
        light.get_by_role("link", name="Assess and decide").first.click()
        light.wait_for_url("**/items/*-*/")
        take(light, "console-assess")
        inside_an_archive(light)
        take(light, "console-own-day", "/exposure/")
        take(light, "console-wellbeing", "/exposure/team/")
        dark = entered(browser, links[1], "dark")
        take(dark, "console-dark", "/cases/")
        browser.close()


if __name__ == "__main__":
    main()
