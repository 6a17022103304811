"""The pages of a report: what it lacks, its fields, the checklist of a form, and who may do what."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from django.utils.http import urlencode

from safelight.server.console.reports import SECTIONS
from safelight.server.hotlines.filling import draft_for
from safelight.server.hotlines.models import Orphan, Report
from safelight.server.hotlines.sealed import content, told
from safelight.server.ids import now
from safelight.server.ledger.models import LedgerRow
from safelight.server.people.roles import Role
from safelight.types import ListClass

pytestmark = pytest.mark.usefixtures("db", "told_to")
C = ListClass


@pytest.fixture
def browse(person_with: Any) -> Any:
    def made(*roles: Any) -> Client:
        client = Client()
        client.force_login(person_with(*roles), backend="allauth.account.auth_backends.AuthenticationBackend")
        return client

    return made


@pytest.fixture
def drafted(arrives: Any, confirm: Any, reporter: Any, told_to: Any) -> Report:
    told_to("production")
    return draft_for(reporter, confirm(arrives(b"one", C.CSAM, file_name="a.png")))


def page(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, (path, answer.status_code)
    return answer.content.decode()


def test_a_case_says_that_it_is_not_reported_and_a_reporter_drafts_from_it(
    arrives: Any, confirm: Any, browse: Any, told_to: Any
) -> None:
    told_to("production")
    case = confirm(arrives(b"one", C.CSAM))
    client = browse(Role.REPORTER)
    assert "NOT REPORTED" in page(client, f"/cases/{case.pk}/")
    answer = client.post(f"/cases/{case.pk}/reports/")
    report = Report.objects.get()
    assert answer["Location"] == f"/reports/{report.pk}/"
    assert "NOT REPORTED: a draft" in page(client, f"/cases/{case.pk}/")
    shown = page(client, f"/reports/{report.pk}/")
    assert "can be sent" in shown
    assert "An address from which the account was used" in shown


def test_a_rehearsal_says_so_on_every_page(
    arrives: Any, confirm: Any, reporter: Any, browse: Any, finished: Any
) -> None:
    case = confirm(arrives(b"one", C.TEST))
    report = finished(draft_for(reporter, case))
    client = browse(Role.REPORTER)
    assert "NOT REPORTED" in page(client, f"/cases/{case.pk}/")
    assert "Not reported." in page(client, f"/reports/{report.pk}/")
    assert "test: not reported" in page(client, "/reports/")


def test_what_stops_it_is_told_with_the_way_to_mend_it_and_the_button_is_off(
    drafted: Report, browse: Any, told_to: Any, reporter: Any
) -> None:
    from dataclasses import replace

    from safelight.server.hotlines.drafts import edit

    said = content(drafted)
    broken = replace(said, summary=replace(said.summary, escalate=" "))
    edit(reporter, drafted, broken, revision=1, section="summary")
    shown = page(browse(Role.REPORTER), f"/reports/{drafted.pk}/")
    assert "cannot be sent yet" in shown
    assert f"/reports/{drafted.pk}/edit/summary/" in shown
    assert 'value="send" disabled' in shown


@pytest.mark.parametrize("section", SECTIONS)
def test_every_section_has_a_form_that_saves(section: str, drafted: Report, browse: Any) -> None:
    client = browse(Role.REPORTER)
    path = f"/reports/{drafted.pk}/edit/{section}/"
    before = content(drafted)
    sent = {"revision": "1", **_as_a_browser(page(client, path))}
    answer = client.post(path, sent)
    assert answer["Location"] == f"/reports/{drafted.pk}/"
    drafted.refresh_from_db()
    assert content(drafted) == before
    assert LedgerRow.objects.filter(event="report.edited").count() == 1


def test_a_victim_is_added_filled_in_and_taken_out(drafted: Report, browse: Any) -> None:
    client = browse(Role.REPORTER)
    path = f"/reports/{drafted.pk}/edit/victims/"
    assert client.post(path, {"revision": "1", "add": "victims"})["Location"] == path
    sent = _as_a_browser(page(client, path)) | {"revision": "2", "victims[0].screen_name": "s"}
    client.post(path, sent)
    drafted.refresh_from_db()
    assert content(drafted).victims[0].screen_name == "s"
    client.post(path, sent | {"revision": "3", "remove": "victims[0]"})
    drafted.refresh_from_db()
    assert content(drafted).victims == ()


def test_what_cannot_be_read_is_shown_again_as_typed(drafted: Report, browse: Any) -> None:
    client = browse(Role.REPORTER)
    path = f"/reports/{drafted.pk}/edit/summary/"
    sent = _as_a_browser(page(client, path)) | {"revision": "1", "summary.date_time": "last tuesday"}
    answer = client.post(path, sent)
    assert answer.status_code == 400
    assert "last tuesday" in answer.content.decode()
    assert "Write the time as" in answer.content.decode()


def test_of_two_who_edit_at_once_the_second_is_told(drafted: Report, browse: Any) -> None:
    client = browse(Role.REPORTER)
    path = f"/reports/{drafted.pk}/edit/additional_info/"
    client.post(path, {"revision": "1", "additional_info": "first"})
    client.post(path, {"revision": "1", "additional_info": "second"})
    drafted.refresh_from_db()
    assert content(drafted).additional_info == "first"


def test_a_file_is_filled_in_and_never_what_was_observed_of_it(drafted: Report, browse: Any) -> None:
    client = browse(Role.REPORTER)
    file = drafted.files.get()
    path = f"/reports/{drafted.pk}/files/{file.pk}/"
    shown = page(client, path)
    assert "viewed_by_esp" not in shown
    hashes = told(drafted).details[0].hashes
    sent = _as_a_browser(shown) | {
        "revision": "1", "original_file_name": "b.png", "viewed_by_esp": "yes", "annotations": "generativeAi",
        "hashes[0]": "1", "hashes[0].value": "ff", "hashes[0].type": "MD5",
    }  # fmt: skip
    client.post(path, sent)
    (details,) = told(drafted).details
    assert details.original_file_name == "b.png"
    assert details.viewed_by_esp is None
    assert details.annotations == frozenset()
    assert details.hashes == hashes


def test_reading_the_words_of_a_report_stands_in_the_ledger(
    says: Any, confirm: Any, reporter: Any, browse: Any, told_to: Any
) -> None:
    told_to("production")
    report = draft_for(reporter, confirm(says("what was sent")))
    client = browse(Role.REPORTER)
    assert "what was sent" not in page(client, f"/reports/{report.pk}/")
    assert LedgerRow.objects.filter(event="report.words_shown").count() == 0
    assert "what was sent" in page(client, f"/reports/{report.pk}/edit/internet_details/")
    assert LedgerRow.objects.filter(event="report.words_shown").count() == 1


def test_an_auditor_reads_and_changes_nothing(drafted: Report, browse: Any) -> None:
    client = browse(Role.AUDITOR)
    assert "Send this report" not in page(client, f"/reports/{drafted.pk}/")
    assert client.get(f"/reports/{drafted.pk}/edit/summary/").status_code == 403
    assert client.post(f"/reports/{drafted.pk}/do/", {"act": "discard", "reason": "x"}).status_code == 403


def test_a_reviewer_has_no_page_of_reports(drafted: Report, browse: Any) -> None:
    assert browse(Role.REVIEWER).get(f"/reports/{drafted.pk}/").status_code == 403


def test_a_description_that_is_gone_is_told_and_no_page_breaks(drafted: Report, browse: Any) -> None:
    Report.objects.update(hotline="gone")
    answer = browse(Role.REPORTER).get(f"/reports/{drafted.pk}/", follow=True)
    assert answer.status_code == 200
    assert "no description of a hotline called gone" in answer.content.decode()


def test_discarding_needs_a_reason(drafted: Report, browse: Any) -> None:
    client = browse(Role.REPORTER)
    client.post(f"/reports/{drafted.pk}/do/", {"act": "discard", "reason": " "})
    drafted.refresh_from_db()
    assert drafted.state == "draft"
    client.post(f"/reports/{drafted.pk}/do/", {"act": "discard", "reason": "wrong case"})
    drafted.refresh_from_db()
    assert drafted.state == "discarded"


def _as_a_browser(html: str) -> dict[str, Any]:
    """The names and values that a browser would send of the page's form."""
    from html.parser import HTMLParser

    class Reader(HTMLParser):
        def __init__(self) -> None:
            super().__init__()
            self.sent: dict[str, Any] = {}
            self.name = ""
            self.inside = False

        def handle_starttag(self, tag: str, attrs: Any) -> None:
            told = dict(attrs)
            name = told.get("name") or ""
            if tag == "input" and (told.get("type") != "checkbox" or "checked" in told):
                if told.get("type") == "checkbox":
                    self.sent.setdefault(name, []).append(told.get("value"))
                else:
                    self.sent[name] = told.get("value") or ""
            elif tag == "textarea":
                self.name, self.sent[name], self.inside = name, "", True
            elif tag == "select":
                self.name, self.sent[name] = name, ""
            elif tag == "option" and "selected" in told:
                self.sent[self.name] = told.get("value") or ""

        def handle_data(self, data: str) -> None:
            if self.inside:
                self.sent[self.name] += data.removeprefix("\n")

        def handle_endtag(self, tag: str) -> None:
            self.inside = self.inside and tag != "textarea"

    reader = Reader()
    reader.feed(html[html.index("<main") : html.index("</main")])
    return {n: v for n, v in reader.sent.items() if n not in ("", "csrfmiddlewaretoken", "revision")}


@pytest.mark.parametrize("number", ["4711", " 4711 ", "left behind", "{report}", "{case}"])
def test_a_report_is_found_by_what_a_letter_about_it_would_name(
    drafted: Report, arrives: Any, confirm: Any, reporter: Any, browse: Any, number: str
) -> None:
    other = draft_for(reporter, confirm(arrives(b"another", C.CSAM, account="somebody else")))
    Report.objects.filter(pk=drafted.pk).update(number="4711")
    Orphan.objects.create(report=drafted, opening=1, number="left behind", gone_by=now())
    client = browse(Role.REPORTER)
    assert f"/reports/{other.pk}/" in page(client, "/reports/")
    sought = number.format(report=drafted.pk, case=drafted.case_id)
    shown = page(client, f"/reports/?{urlencode({'number': sought})}")
    assert f"/reports/{drafted.pk}/" in shown
    assert f"/reports/{other.pk}/" not in shown


@pytest.mark.parametrize("query", ["number=4712", "state=finished", f"number={UUID(int=1)}"])
def test_where_no_report_fits_the_way_back_is_shown(drafted: Report, browse: Any, query: str) -> None:
    shown = page(browse(Role.REPORTER), f"/reports/?{query}")
    assert "No report fits." in shown
    assert str(drafted.pk) not in shown


@pytest.mark.parametrize("query", ["number=%00", f"number={'1' * 101}", "state=other", "page=-1", "page=x"])
def test_what_cannot_be_sought_is_no_error_of_the_server(drafted: Report, browse: Any, query: str) -> None:
    page(browse(Role.REPORTER), f"/reports/?{query}")


def test_many_reports_are_shown_page_by_page(
    drafted: Report, browse: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("safelight.server.console.report_list._SHOWN", 1)
    other = Report.objects.create(case=drafted.case, hotline="cybertipline", duty="other", content=b"")
    client = browse(Role.REPORTER)
    ours = f"number={drafted.case_id}"
    for query, shown, hidden in ((ours, other, drafted), (f"state=draft&{ours}&page=2", drafted, other)):
        told = page(client, f"/reports/?{query}")
        assert ours in told, "the other page is of the same search"
        assert "Drafts" in told
        assert "(2)" in told
        assert (f"/reports/{shown.pk}/" in told, f"/reports/{hidden.pk}/" in told) == (True, False)
