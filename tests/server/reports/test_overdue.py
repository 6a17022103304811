"""What is confirmed and not handed over alarms in time, case by case, and stops alarming when it is."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from safelight.server.hotlines.drafts import leave_out
from safelight.server.hotlines.filling import draft_for, drafts_for
from safelight.server.hotlines.guiding import filed
from safelight.server.hotlines.handing_over import hand_over
from safelight.server.hotlines.models import Report
from safelight.server.hotlines.overdue import tell_what_is_not_reported
from safelight.server.ids import clock_at, now
from safelight.types import ListClass

pytestmark = pytest.mark.usefixtures("db", "told_to")
C = ListClass
HOUR = timedelta(hours=1)


@pytest.fixture
def case(arrives, confirm, told_to):
    told_to("production")
    return confirm(arrives(b"one", C.CSAM))


def alarms_after(hours: float, kind: str = "not_reported") -> set[str]:
    """The cases that alarm so long from now."""
    from safelight.server.alerts.models import Alert

    later = now() + hours * HOUR
    with clock_at(lambda: later):
        tell_what_is_not_reported()
    return set(Alert.objects.filter(kind=kind, cleared_at=None).values_list("subject", flat=True))


def test_a_confirmed_case_that_nobody_reports_alarms_in_time(case):
    from safelight.server.alerts.models import Alert

    assert alarms_after(23) == set()
    assert alarms_after(25) == {str(case.pk)}
    alert = Alert.objects.get(kind="not_reported")
    assert str(case.pk) in alert.detail
    assert "u1" not in alert.detail


def test_the_time_is_the_operators(case, workspace_setting):
    from safelight.server.config import Alerts

    workspace_setting(alerts=Alerts(unreported_hours=2))
    assert alarms_after(3) == {str(case.pk)}


def test_a_draft_that_nobody_hands_over_alarms_and_handing_over_ends_it(case, reporter):
    report = draft_for(reporter, case)
    assert alarms_after(25) == {str(case.pk)}
    hand_over(reporter, report, revision=1)
    assert alarms_after(26) == set()


def test_what_is_confirmed_after_the_report_alarms_anew(case, reporter, arrives, confirm, finished):
    finished(draft_for(reporter, case))
    assert alarms_after(25) == set()
    again = confirm(arrives(b"two", C.CSAM))
    assert alarms_after(25) == {str(again.pk)}


def test_a_rehearsal_does_not_count_as_reported(case, reporter, told_to):
    report = draft_for(reporter, case)
    Report.objects.filter(pk=report.pk).update(state="finished", finished_at=now(), environment="test")
    assert alarms_after(25) == {str(case.pk)}


@pytest.mark.parametrize("listed", [C.EXPLOITATIVE, C.NCII, C.TEST])
def test_what_goes_to_no_hotline_by_default_alarms_nobody(arrives, confirm, told_to, listed):
    told_to("production")
    confirm(arrives(b"one", listed))
    assert alarms_after(25) == set()


def test_what_a_person_left_out_and_said_why_alarms_nobody(arrives, confirm, told_to, reporter, finished):
    told_to("production")
    arrives(b"one", C.CSAM)
    case = confirm(arrives(b"one", C.CSAM), arrives(b"two", C.CSAM))
    report = draft_for(reporter, case)
    leave_out(reporter, report, report.files.order_by("position")[0], "it shows nobody")
    finished(report)
    assert alarms_after(25) == set()


def test_a_text_that_was_confirmed_alarms_until_its_case_is_told(says, confirm, told_to, reporter, finished):
    told_to("production")
    case = confirm(says("words"))
    assert alarms_after(25) == {str(case.pk)}
    finished(draft_for(reporter, case))
    assert alarms_after(25) == set()


def test_without_a_hotline_the_alarm_about_that_is_the_only_one(case, told_to):
    told_to("test")
    assert alarms_after(25) == set()


def test_a_demo_alarms_nobody(case, monkeypatch):
    from safelight.server.hotlines import overdue

    monkeypatch.setattr(overdue, "is_demo", lambda: True)
    assert alarms_after(25) == set()


def test_a_form_with_hours_alarms_from_the_confirmation_on_until_it_is_filed(case, reporter, told_to):
    told_to("production", "uk")
    assert alarms_after(0, "form_due") == {str(case.pk)}  # the NCA's first priority has no hour
    (report,) = drafts_for(reporter, case)
    assert alarms_after(0, "form_due") == {str(case.pk)}
    assert alarms_after(25) == {str(case.pk)}
    filed(reporter, report, reference="NCA-1", at=now(), tier="p2")
    assert alarms_after(25, "form_due") == set()
    assert alarms_after(25) == set()


def test_the_hours_are_those_of_the_operators_own_description(case, told_to, workspace_setting, tmp_path):
    told_to("production", "uk")
    (tmp_path / "hotlines").mkdir()
    own: Any = tmp_path / "hotlines" / "uk_nca.toml"
    text = (
        'name = "uk_nca"\ntitle = "Ours"\ncountry = "GB"\nlaw = "l"\nsays = "s"\nconfidence = "D"\n'
        'as_of = "2026-11"\nreference_says = "r"\npreserve_days = 366\nkeep_reference_days = 366\n{}'
        '[[fields]]\nname = "a"\ntitle = "A"\nfact = "account_id"\n'
    )
    tiers = "".join(
        f'[[tiers]]\nname = "{name}"\ntitle = "t"\nsays = "s"\n{hours}'
        for name, hours in {
            "first": "within_hours = 8\n",
            "second": "within_hours = 48\n",
            "third": "",
        }.items()
    )
    own.write_text(text.format(tiers))
    workspace_setting(workspace=tmp_path)
    assert alarms_after(7, "form_due") == set()
    assert alarms_after(9, "form_due") == {str(case.pk)}
    own.write_text(text.format(""))
    assert alarms_after(100, "form_due") == set()
    assert alarms_after(25) == {str(case.pk)}
