"""A demo as `make demo` runs it, and Debian's Chromium, which tells whatever a page does wrong."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from browsing import CHROMIUM, browser_of_debian
from browsing import PATIENCE as BROWSER_PATIENCE
from playwright.sync_api import Browser, BrowserContext, Page
from serving import PATIENCE, Server, free_port
from watching import Watch


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)
            # One worker, so that one demo and one browser serve all of them.
            item.add_marker(pytest.mark.xdist_group("browser"))


@dataclass(frozen=True)
class Demo:
    """A running demo: what it printed, and where it is."""

    address: str
    links: tuple[str, ...]
    said: str
    process: subprocess.Popen[bytes]


def _environment(directory: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SAFELIGHT_")}
    return {**kept, "TMPDIR": str(directory), "COLUMNS": "100"}


@pytest.fixture(scope="session")
def demo() -> Iterator[Demo]:
    if CHROMIUM is None:
        pytest.skip("needs Debian's chromium package")
    # Short: a Unix socket's path may have 107 bytes.
    with tempfile.TemporaryDirectory(prefix="sl-", dir="/tmp") as folder:
        directory, port = Path(folder), free_port()
        output = directory / "output"
        with output.open("wb") as written:
            process = subprocess.Popen(
                [str(Path(sys.executable).with_name("safelight")), "demo", "--console", "--port", str(port)],
                env=_environment(directory), stdout=written, stderr=written, start_new_session=True,
            )  # fmt: skip
        try:
            until = time.monotonic() + 3 * PATIENCE
            while "Ctrl-C stops it" not in output.read_text():
                assert process.poll() is None, output.read_text()
                assert time.monotonic() < until, output.read_text()
                time.sleep(0.2)
            said = output.read_text()
            links = tuple(re.findall(r"http://localhost:\d+/accounts/demo/\S+", said))
            yield Demo(f"http://localhost:{port}", links, said, process)
        finally:
            process.send_signal(signal.SIGINT)
            assert process.wait(PATIENCE) == 0


@pytest.fixture(scope="session")
def real_server() -> Iterator[Server]:
    """`safelight serve` on a new workspace, declared to be run by one person."""
    with tempfile.TemporaryDirectory(prefix="sl-", dir="/tmp") as folder:
        server = Server(Path(folder), single_operator="true", accept_partial_sandbox="true")
        server.start()
        yield server
        server.end()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Not for the whole session: Playwright's event loop would be in the way of tests that use Django."""
    with browser_of_debian() as browser:
        yield browser


@pytest.fixture(scope="session")
def entered() -> dict[str, dict[str, Any]]:
    """Sessions by the link that opened them, which works once."""
    return {}


@pytest.fixture
def sam(demo: Demo, chromium: Browser, entered: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The session of the demo's lead, who entered by the printed link."""
    return _session(chromium, demo.links[0], entered)


@pytest.fixture
def alex(demo: Demo, chromium: Browser, entered: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The session of the demo's auditor."""
    return _session(chromium, demo.links[1], entered)


def _session(chromium: Browser, link: str, entered: dict[str, dict[str, Any]]) -> dict[str, Any]:
    if link not in entered:
        entered[link] = _entered(chromium, link)
    return entered[link]


def _entered(chromium: Browser, link: str) -> dict[str, Any]:
    context = chromium.new_context()
    page = context.new_page()
    page.goto(link)
    page.get_by_role("button").click()
    page.wait_for_url("http://localhost:*/")
    state: dict[str, Any] = context.storage_state()
    context.close()
    return state


Open = Callable[..., Page]


@pytest.fixture
def open_page(chromium: Browser) -> Iterator[Open]:
    """A page in a context of its own; nothing may go wrong on it, nor leave this machine."""
    contexts: list[BrowserContext] = []
    watches: list[Watch] = []

    def opened(state: dict[str, Any] | None = None, **options: Any) -> Page:
        # Colours that are still on their way from light to dark have no contrast to measure.
        context = chromium.new_context(storage_state=state, reduced_motion="reduce", **options)
        context.set_default_timeout(BROWSER_PATIENCE)
        contexts.append(context)
        watches.append(Watch(context))
        return context.new_page()

    yield opened
    for watch in watches:
        assert watch.complaints == []
        assert watch.elsewhere == set()
    for context in contexts:
        context.close()
