"""A report from its draft to a checklist in a real browser: readable, by keyboard, copied in one press."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from playwright.sync_api import Page, expect

from safelight.server.hotlines.filling import draft_for, drafts_for
from safelight.server.hotlines.models import Report
from safelight.server.hotlines.sealed import content
from safelight.server.people.models import Person
from safelight.server.people.roles import Role
from safelight.types import ListClass

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 400, "height": 800}


@pytest.fixture
def page(committing_db: None, told_to: Any, workspace_setting: Any, monkeypatch: Any) -> Iterator[Page]:
    from browsing import PATIENCE, browsing, serving

    # Playwright's own event loop runs in this thread, which asks for nothing of Django's async safety.
    monkeypatch.setitem(os.environ, "DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    with serving() as port, browsing() as context:
        workspace_setting(port=port)
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.set_viewport_size(WIDE)
        page.emulate_media(reduced_motion="reduce")
        complaints: list[str] = []
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        connection.close()  # one that an earlier test left in this context is of an earlier database
        yield page
        connection.close()
        assert [one for one in complaints if "status of 400" not in one] == []


@pytest.fixture
def at(page: Page) -> str:
    from django.conf import settings

    address: str = settings.CONFIG.public_url
    return address


@pytest.fixture
def sign_in(page: Page, at: str, person_with: Any) -> None:
    """As a reporter, by a session that the browser is given."""
    from django.test import Client

    client = Client()
    person: Person = person_with(Role.REPORTER)
    client.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
    page.context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": at}])


def readable(page: Page) -> None:
    """Nothing that axe finds, in light and dark, nor anything wider than a small window."""
    from walking import faults

    assert faults(page) == []
    page.emulate_media(color_scheme="dark")
    assert faults(page, "color-contrast") == []
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(NARROW)
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
    page.set_viewport_size(WIDE)


def test_a_report_is_drafted_and_filled_in(
    page: Page, at: str, sign_in: None, arrives: Any, confirm: Any, told_to: Any
) -> None:
    told_to("production")
    case = confirm(arrives(b"one", ListClass.CSAM, file_name="a.png"))
    page.goto(f"{at}/cases/{case.pk}/")
    expect(page.get_by_text("NOT REPORTED", exact=True)).to_be_visible()
    page.get_by_role("button", name="Draft a report").click()
    expect(page.get_by_text("can be sent")).to_be_visible()
    readable(page)

    page.get_by_role("link", name="Reported account", exact=True).click()
    page.get_by_role("button", name="Add reported 1, IP events").click()
    page.get_by_label(re.compile("^Ip address")).fill("192.0.2.7")
    page.get_by_label(re.compile("^Port")).fill("many")
    page.get_by_label(re.compile("^Port")).press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("This is no whole number.")
    expect(page.get_by_label(re.compile("^Ip address"))).to_have_value("192.0.2.7")
    readable(page)
    page.get_by_label(re.compile("^Port")).fill("4711")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    (event,) = content(Report.objects.get()).reported[0].ip_events
    assert (event.ip_address, event.port) == ("192.0.2.7", 4711)

    page.get_by_role("link", name=re.compile("^Fill in file 1")).click()
    readable(page)


def test_a_form_is_filled_by_copying_and_its_reference_is_kept(
    page: Page, at: str, sign_in: None, arrives: Any, confirm: Any, told_to: Any, reporter: Any
) -> None:
    told_to("production", "uk")
    case = confirm(arrives(b"one", ListClass.CSAM))
    (report,) = drafts_for(reporter, case)
    page.goto(f"{at}/reports/{report.pk}/")
    readable(page)
    page.get_by_role("button", name="Copy Account identifier").click()
    expect(page.get_by_role("button", name="Copied").first).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == "u1"

    from safelight.server.ids import now

    page.get_by_label("Reference", exact=True).fill("NCA-7")
    page.get_by_label("Sent at (UTC)").fill(now().strftime("%Y-%m-%dT%H:%M:%S"))
    page.get_by_label(re.compile("^Priority 2")).check()
    page.get_by_role("button", name="It was sent").click()
    expect(page.get_by_text("Reported.", exact=True)).to_be_visible()
    report.refresh_from_db()
    assert (report.state, report.number) == ("finished", "NCA-7")
    page.goto(f"{at}/cases/{case.pk}/")
    expect(page.get_by_text("reported", exact=True).first).to_be_visible()


def test_every_section_reads_well(
    page: Page, at: str, sign_in: None, arrives: Any, confirm: Any, reporter: Any, told_to: Any
) -> None:
    from report_samples import legal_report
    from walking import faults

    from safelight.server.console.reports import SECTIONS
    from safelight.server.hotlines.drafts import edit

    told_to("production")
    report = draft_for(reporter, confirm(arrives(b"one", ListClass.CSAM)))
    edit(reporter, report, legal_report(), revision=1, section="summary")
    for section in SECTIONS:
        page.goto(f"{at}/reports/{report.pk}/edit/{section}/")
        assert faults(page) == []
    page.goto(f"{at}/reports/")
    readable(page)


def test_a_rehearsal_is_mended_and_sent_and_its_case_stays_not_reported(
    page: Page, at: str, sign_in: None, told_to: Any, workspace_setting: Any, tmp_path: Any, monkeypatch: Any
) -> None:
    from report_rows import case_of, item_of, listening_vault

    from safelight.hotlines.mock.calls import Hotline
    from safelight.hotlines.mock.documents import Checker
    from safelight.hotlines.mock.serving import Conduct, MockServer
    from safelight.hotlines.mock.state import Standing, State
    from safelight.server.config import Cybertipline

    kept = State(tmp_path / "mock")
    mock = MockServer(Hotline(kept, Checker(None)), Conduct())
    mock.start()
    try:
        told_to("mock", email="")
        workspace_setting(
            cybertipline=Cybertipline(environment="mock", mock_url=mock.base), workspace=tmp_path
        )
        with tempfile.TemporaryDirectory(prefix="sl-run-", dir="/tmp") as run:
            monkeypatch.setenv("SAFELIGHT_RUN", run)
            with listening_vault(Path(run)):
                case = case_of(item_of(b"of class test"))
                drafted_and_mended(page, f"{at}/cases/{case.pk}/")
                page.get_by_role("button", name="Send this report").click()
                expect(page.get_by_text("being sent").first).to_be_visible()
                page.goto(f"{at}/hotlines/")
                expect(page.get_by_role("link", name=str(Report.objects.get().pk)[-8:])).to_be_visible()
                readable(page)
                work_off_the_sending()
        assert [one.standing for one in kept.reports()] == [Standing.FINISHED]
    finally:
        mock.stop()
        kept.close()
    report = Report.objects.get()
    said = {
        f"/reports/{report.pk}/": "Not reported.",
        f"/cases/{case.pk}/": "NOT REPORTED",
        "/reports/": "mock: not reported",
        "/hotlines/": "What is finished there is not reported",
    }
    for where, words in said.items():
        page.goto(f"{at}{where}")
        expect(page.get_by_text(words).first).to_be_visible()
        expect(page.get_by_text("Reported.", exact=True)).to_have_count(0)
        expect(page.get_by_text("reported", exact=True)).to_have_count(0)
    page.goto(f"{at}/reports/{report.pk}/")
    expect(page.get_by_text("<reportDoneResponse>")).to_be_visible()
    readable(page)


def drafted_and_mended(page: Page, case: str) -> None:
    """A draft that pre-flight stops until what it names is filled in where it says."""
    page.goto(case)
    page.get_by_role("button", name="Draft a report").click()
    expect(page.get_by_text("cannot be sent yet")).to_be_visible()
    expect(page.get_by_text("nobody investigates it").first).to_be_visible()
    expect(page.get_by_role("button", name="Send this report")).to_be_disabled()
    readable(page)
    page.get_by_role("link", name=re.compile("^Mend")).first.click()
    page.get_by_role("button", name=re.compile("^Add .*emails")).first.click()
    page.get_by_label(re.compile("^Address")).first.fill("reports@example.org")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    page.goto(page.url.partition("edit/")[0])
    expect(page.get_by_text("can be sent")).to_be_visible()


def work_off_the_sending() -> None:
    """As the worker does."""
    from safelight.server.jobs.models import Job
    from safelight.server.jobs.registry import load_handlers
    from safelight.server.jobs.working import work_once

    load_handlers()
    Job.objects.exclude(kind="hotlines.send").filter(state="due").delete()
    while work_once("a worker"):
        Job.objects.exclude(kind="hotlines.send").filter(state="due").delete()
