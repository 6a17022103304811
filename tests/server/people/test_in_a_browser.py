"""Joining, adding a passkey and signing in with it, in a real browser under the real content policy."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from safelight.server.people.invitations import first_run_invitation
from safelight.server.people.models import Person
from safelight.server.processes.run_directory import METRICS
from safelight.server.vault.client import RUN_VARIABLE

pytestmark = pytest.mark.xdist_group("browser")
EMAIL, PASSWORD = "first@example.org", "a long enough sentence"


@pytest.fixture
def page(committing_db: None, workspace_setting, monkeypatch, tmp_path) -> Iterator[Page]:
    from browsing import PATIENCE, browsing, serving

    # The overview tells of processes, of which none runs here.
    (tmp_path / METRICS).mkdir()
    monkeypatch.setenv(RUN_VARIABLE, str(tmp_path))
    # Playwright's own event loop runs in this thread, which asks for nothing of Django's async safety.
    monkeypatch.setitem(os.environ, "DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    with serving() as port, browsing() as context:
        workspace_setting(port=port)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        complaints: list[str] = []
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        yield page
        assert not complaints


@pytest.fixture
def passkey(page: Page) -> None:
    from browsing import add_passkey

    add_passkey(page)


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def fill(page: Page, label: str, value: str) -> None:
    page.get_by_label(re.compile(rf"^{label}( \(optional\))?$")).fill(value)


def test_a_passkey_from_the_first_link_to_the_next_sign_in(page: Page, passkey: None) -> None:
    page.goto(first_run_invitation())
    fill(page, "E-mail address", EMAIL)
    fill(page, "Your name", "First")
    fill(page, "Password", PASSWORD)
    fill(page, "Password again", PASSWORD)
    press(page, "Join")

    fill(page, "Email", EMAIL)
    fill(page, "Password", PASSWORD)
    press(page, "Sign in")
    expect(page.get_by_role("heading", level=1)).to_have_text("Two-Factor Authentication")

    page.get_by_role("link", name="Add").click()
    fill(page, "Password", PASSWORD)
    press(page, "Confirm")
    fill(page, "Name", "This laptop")
    page.get_by_label("Passwordless").check()
    press(page, "Add")
    expect(page.get_by_role("heading", level=1)).to_have_text("Recovery Codes")

    page.get_by_role("link", name="Sign out").click()
    press(page, "Sign Out")
    page.wait_for_url("**/accounts/login/**")
    press(page, "Sign in with a passkey")
    page.get_by_role("link", name="Your account").click()
    expect(page.get_by_role("definition").nth(1)).to_have_text("administrator")
    expect(page.get_by_role("definition").nth(2)).to_have_text("used in this session")

    page.get_by_role("link", name="Sign out").click()
    press(page, "Sign Out")
    page.wait_for_url("**/accounts/login/**")
    fill(page, "Email", EMAIL)
    fill(page, "Password", PASSWORD)
    press(page, "Sign in")
    press(page, "Use a security key")
    page.get_by_role("link", name="Your account").click()
    expect(page.get_by_role("definition").nth(2)).to_have_text("used in this session")
    assert Person.objects.get().email == EMAIL
