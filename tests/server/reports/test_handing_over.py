"""What is handed over is what was read; what is filed by hand has a reference, and starts the clocks."""

from __future__ import annotations

from datetime import timedelta

import pytest

from safelight.errors import UsageError
from safelight.hotlines.guided.facts import Fact
from safelight.server.hotlines.checking import checked, due_by_tier
from safelight.server.hotlines.draft_errors import ChangedMeanwhile, NotADraft, NotReady
from safelight.server.hotlines.drafts import edit, leave_out
from safelight.server.hotlines.filling import draft_for, drafts_for
from safelight.server.hotlines.guiding import filed
from safelight.server.hotlines.handing_over import hand_over
from safelight.server.hotlines.sealed import content, told
from safelight.server.hotlines.standing import Standing, standing_of
from safelight.server.ids import now
from safelight.server.vault.models import Preserved
from safelight.types import ListClass

pytestmark = pytest.mark.usefixtures("db", "told_to")
C = ListClass
MINUTE = timedelta(minutes=1)


@pytest.fixture
def case(arrives, confirm, told_to):
    told_to("production")
    return confirm(arrives(b"one", C.CSAM))


@pytest.fixture
def at_a_form(case, reporter, told_to):
    told_to("production", "uk")
    (report,) = drafts_for(reporter, case)
    return report


def test_a_draft_is_sent_as_it_was_read(case, reporter):
    report = draft_for(reporter, case)
    edit(reporter, report, content(report), revision=1, section="summary")
    with pytest.raises(ChangedMeanwhile):
        hand_over(reporter, report, revision=1)
    assert hand_over(reporter, report, revision=2).state == "sending"
    with pytest.raises(NotADraft):
        hand_over(reporter, report, revision=2)


def test_a_draft_for_another_environment_is_not_sent(case, reporter, told_to):
    report = draft_for(reporter, case)
    told_to("test")
    with pytest.raises(NotADraft):
        hand_over(reporter, report, revision=1)


def test_what_preflight_stops_is_not_sent(case, reporter, told_to):
    told_to("production", email="")
    report = draft_for(reporter, case)
    with pytest.raises(NotReady, match=r"reporting\.email"):
        hand_over(reporter, report, revision=1)
    report.refresh_from_db()
    assert report.state == "draft"


def test_a_report_that_was_handed_over_does_not_change(case, reporter):
    report = draft_for(reporter, case)
    hand_over(reporter, report, revision=1)
    with pytest.raises(NotADraft):
        edit(reporter, report, content(report), revision=1, section="summary")
    with pytest.raises(NotADraft):
        leave_out(reporter, report, told(report).files[0][0], "late")
    assert draft_for(reporter, case) == report


def test_filing_by_hand_keeps_the_reference_and_starts_the_clocks(at_a_form, case, reporter):
    assert standing_of(case) is Standing.DRAFTED
    at = now()
    done = filed(reporter, at_a_form, reference=" NCA-1 ", at=at, tier="p2")
    assert (done.state, done.number, done.tier, done.finished_at) == ("finished", "NCA-1", "p2", at)
    assert standing_of(case) is Standing.REPORTED
    (kept,) = Preserved.objects.all()
    assert (kept.case, kept.at, kept.reference) == (case, at, "NCA-1")
    with pytest.raises(NotADraft):
        filed(reporter, at_a_form, reference="NCA-2", at=now(), tier="p2")


@pytest.mark.parametrize(
    ("reference", "ago", "tier"),
    [(" ", MINUTE * 0, "p1"), ("x" * 101, MINUTE * 0, "p1"), ("a", MINUTE * 60, "p1"), ("a", -MINUTE, "p1"),
     ("a", MINUTE * 0, ""), ("a", MINUTE * 0, "p9")],
)  # fmt: skip
def test_a_reference_a_time_or_a_priority_that_cannot_be_is_refused(
    reference, ago, tier, at_a_form, reporter
):
    with pytest.raises(UsageError):
        filed(reporter, at_a_form, reference=reference, at=now() - ago, tier=tier)
    at_a_form.refresh_from_db()
    assert at_a_form.state == "draft"
    assert not Preserved.objects.exists()


def test_the_checklist_is_filled_from_the_same_report(at_a_form):
    lines = {line.field.fact: line.text for line in checked(at_a_form).checklist.lines}
    assert lines[Fact.ACCOUNT_ID] == "u1"
    assert "SHA256" in lines[Fact.FILE_HASHES]
    assert lines[Fact.VIEWED] == "file 1: not stated"


def test_what_the_form_needs_stops_it(at_a_form, reporter, told_to):
    told_to("production", "uk", email="")
    report = draft_for(reporter, at_a_form.case)
    from dataclasses import replace

    from safelight.hotlines.model import Reporter

    said = replace(content(report), reporter=Reporter())
    edit(reporter, report, said, revision=1, section="reporter")
    with pytest.raises(NotReady):
        filed(reporter, report, reference="a", at=now(), tier="p1")


def test_the_operators_own_description_takes_the_place_of_the_shipped_one(
    at_a_form, workspace_setting, tmp_path
):
    (tmp_path / "hotlines").mkdir()
    (tmp_path / "hotlines" / "uk_nca.toml").write_text(
        'name = "uk_nca"\ntitle = "Ours"\ncountry = "GB"\nlaw = "l"\nsays = "s"\nconfidence = "D"\n'
        'as_of = "2026-11"\nreference_says = "r"\npreserve_days = 366\nkeep_reference_days = 366\n'
        '[[fields]]\nname = "a"\ntitle = "A"\nfact = "account_id"\n'
    )
    workspace_setting(workspace=tmp_path)
    assert checked(at_a_form).hotline.title == "Ours"


def test_the_cybertipline_is_not_filed_by_hand(case, reporter):
    with pytest.raises(NotADraft):
        filed(reporter, draft_for(reporter, case), reference="a", at=now())


@pytest.mark.parametrize(
    ("environment", "profile", "alarms"),
    [("test", "us", True), ("production", "us", False), ("test", "uk", False), ("test", "atlantis", True)],
)
def test_what_is_confirmed_and_can_be_reported_nowhere_alarms(environment, profile, alarms, case, told_to):
    from safelight.server.alerts.models import Alert
    from safelight.server.hotlines.watching import watch

    told_to(environment, profile)
    watch()
    assert Alert.objects.filter(kind="hotline_missing", cleared_at=None).exists() is alarms


def test_a_priority_with_hours_is_due_so_long_after_the_first_confirmation(at_a_form, case):
    first, second, _third = due_by_tier(at_a_form)
    assert first[1] == case.decisions.get().decided_at
    assert second[1] is None


def test_evidence_that_would_be_kept_too_short_stops_the_report(at_a_form, workspace_setting):
    from safelight.server.config import Retention

    assert checked(at_a_form).ready
    workspace_setting(retention=Retention(preserve_days=90))
    assert "kept-too-short" in {one.rule for one in checked(at_a_form).findings if one.stops}
