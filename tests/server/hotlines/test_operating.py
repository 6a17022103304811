"""What operators do: see where reports go, switch production by two people, resume, rehearse."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from django.test import Client as Browser
from serving import free_port, wait_until

from safelight.cli import main
from safelight.hotlines.mock.documents import Checker
from safelight.hotlines.mock.faults import Fault, Faults
from safelight.hotlines.mock.serving import Conduct
from safelight.hotlines.mock.state import Standing

SCHEMA = b"""<?xml version="1.0"?>
<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:element name="report"/></xs:schema>"""


def signed_in(person) -> Browser:
    browser = Browser()
    browser.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
    return browser


@pytest.mark.django_db
def test_the_page_says_where_reports_go_and_two_people_switch_production(
    set_up, actor_with, person_with
) -> None:
    from safelight.server.hotlines import places
    from safelight.server.people.directory import pending
    from safelight.server.people.proposals import approve
    from safelight.server.people.roles import Role

    set_up(environment="production")
    first, second = actor_with(Role.ADMINISTRATOR), actor_with(Role.ADMINISTRATOR)
    shown = signed_in(person_with(Role.REPORTER)).get("/hotlines/").content.decode()
    assert "until then nothing is sent" in shown
    assert "Propose to switch" not in shown
    places.propose_production(first, on=True, reason="We are registered.")
    [waiting] = pending(second)
    assert "in production" in waiting.what
    approve(second, waiting.id)
    assert "Reports go to NCMEC, in production." in signed_in(first.person).get("/hotlines/").content.decode()


@pytest.mark.django_db
def test_a_refused_hotline_is_on_the_page_with_its_answer_and_can_be_resumed(set_up, actor_with) -> None:
    from django.db import transaction

    from safelight.server.hotlines.standstill import stand_still, stands_still
    from safelight.server.people.roles import Role

    set_up()
    with transaction.atomic():
        stand_still("mock", "HTTP 401")
        stand_still("mock", "HTTP 401 again")
    browser = signed_in(actor_with(Role.LEAD).person)
    shown = browser.get("/hotlines/").content.decode()
    assert "HTTP 401" in shown
    assert "again" not in shown.partition("HTTP 401")[2][:10]
    browser.post("/hotlines/resume/", {"environment": "mock"})
    assert stands_still("mock") is None


@pytest.fixture
def workspace(tmp_path: Path, mock, monkeypatch) -> Path:
    monkeypatch.setenv("SAFELIGHT_CYBERTIPLINE__ENVIRONMENT", "mock")
    monkeypatch.setenv("SAFELIGHT_CYBERTIPLINE__MOCK_URL", mock.base)
    return tmp_path


def test_status_says_who_we_are_there_or_why_not(workspace, mock, monkeypatch) -> None:
    command = ["hotline", "cybertipline", "status", "--workspace", str(workspace)]
    told = CliRunner().invoke(main, command)
    assert (told.exit_code, "Remote User : mock" in told.output) == (0, True)
    monkeypatch.setenv("SAFELIGHT_CYBERTIPLINE__PASSWORD", "wrong")
    refused = CliRunner().invoke(main, command)
    assert (refused.exit_code, "HTTP 401" in refused.output) == (1, True)
    assert "wrong" not in refused.output


def test_the_schema_is_fetched_into_the_workspace_and_nothing_else_is(workspace, mock, tmp_path) -> None:
    from safelight.hotlines.cybertipline.schema import Schema

    command = ["hotline", "cybertipline", "fetch-schema", "--workspace", str(workspace)]
    refused = CliRunner().invoke(main, command)
    assert (refused.exit_code, "1210" in refused.output) == (1, True)
    assert Schema.of_workspace(workspace) is None
    own = tmp_path / "own.xsd"
    own.write_bytes(SCHEMA)
    mock._server.hotline._checker = Checker(own)
    assert CliRunner().invoke(main, command).exit_code == 0
    fetched = Schema.of_workspace(workspace)
    assert fetched is not None
    assert fetched.has_element("report")


def test_the_mock_runs_until_it_is_stopped(tmp_path: Path) -> None:
    from safelight.hotlines.cybertipline.client import Client
    from safelight.hotlines.cybertipline.environments import Environment, Place

    port = free_port()
    command = [str(Path(sys.executable).with_name("safelight")), "hotline", "mock", "--port", str(port)]
    process = subprocess.Popen(
        [*command, "--directory", str(tmp_path / "m")], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    try:
        assert process.stdout is not None
        assert b"listens on" in process.stdout.readline()
        with Client(Place(Environment.MOCK, "mock", "mock", f"http://localhost:{port}/ispws")) as client:
            assert wait_until("the mock", lambda: client.status().code == 0)
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.stdout.close()


class GoneAtFinish(Faults):
    """The first ``finish`` is answered by 503, and then the report does not exist any more."""

    def __init__(self, state) -> None:
        super().__init__(0)
        self._state, self._told = state, False

    def draw(self, call: str) -> Fault | None:
        if call != "finish" or self._told:
            return None
        self._told = True
        numbers = [kept.id for kept in self._state.reports()]
        with self._state.acting():
            for number in numbers:
                self._state.end(number, Standing.DELETED)
        return Fault.BUSY


def test_where_nobody_can_know_whether_it_was_finished_a_person_asks_the_hotline(
    report_of, reporter, sending, hotline, mock
) -> None:
    from safelight.server.hotlines.models import Report
    from safelight.server.hotlines.sending import send

    report = send(reporter, report_of(b"a file"))
    mock.conduct(Conduct(faults=GoneAtFinish(hotline)))
    sending()
    assert len(hotline.reports()) == 1
    browser = signed_in(reporter.person)
    shown = browser.get(f"/reports/{report.pk}/").content.decode()
    assert "Ask the hotline, quoting the Request-ID" in shown
    assert "Nobody here can know" in shown
    told = {"act": "told_finished", "reason": "NCMEC, by telephone, on Monday"}
    browser.post(f"/reports/{report.pk}/do/", told)
    report = Report.objects.get(pk=report.pk)
    assert (report.state, report.receipt.receipted) == ("finished", False)
    shown = browser.get(f"/reports/{report.pk}/").content.decode()
    assert "There is no receipt" in shown
    assert "Not reported." in shown


def test_every_way_in_which_an_attempt_ends_has_words() -> None:
    from safelight.hotlines.cybertipline.outcomes import Outcome
    from safelight.hotlines.cybertipline.steps import Why
    from safelight.server.console.words import WORDS
    from safelight.server.hotlines.models import Step

    assert {outcome.value for outcome in Outcome} <= WORDS["attempt"].keys()
    assert {call.value for call in Step.Call} == WORDS["call"].keys()
    assert {why.value for why in Why} <= WORDS["stopped"].keys()
