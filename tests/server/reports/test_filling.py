"""One report for one account and one duty, of what is confirmed, to the hotline that the profile names."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from safelight.assessment.axes import AgeBand, Appearance, Assessment, Origin, Severity
from safelight.hotlines.codes import DetailsType, EventName, FileFlag, IncidentType
from safelight.hotlines.model import Chat
from safelight.server.cases.models import CaseAccount, Decision
from safelight.server.hotlines import observed
from safelight.server.hotlines.checking import checked, require_ready
from safelight.server.hotlines.draft_errors import AlreadyReported, NothingToReport, NotReady
from safelight.server.hotlines.drafts import discard, edit, leave_out, put_in
from safelight.server.hotlines.filling import draft_for, drafts_for
from safelight.server.hotlines.models import Report
from safelight.server.hotlines.sealed import content, told
from safelight.server.hotlines.standing import Standing, standing_of
from safelight.server.intake.context import IpSeen
from safelight.server.intake.models import Account, IpEvent
from safelight.server.intake.record_keys import record_keys
from safelight.server.ledger.models import LedgerRow
from safelight.server.people.permissions import PermissionDenied
from safelight.server.people.roles import Role
from safelight.types import Grade, ListClass, Provenance

pytestmark = pytest.mark.usefixtures("db", "told_to")
C = ListClass
AT = datetime(2026, 11, 1, 12, tzinfo=UTC)


def rules(report: Report) -> set[str]:
    return {one.rule for one in checked(report).findings if one.stops}


def test_a_draft_tells_what_the_case_holds_and_no_more(arrives, confirm, reporter, told_to):
    told_to("production")
    seen = IpSeen("192.0.2.1", 443, IpEvent.Kind.UPLOAD, "phone-1", "FR", AT)
    occurrence = arrives(b"one", C.CSAM, file_name="a.png", country="FR", visibility="public",
                         occurred_at=AT, ip_events=(seen,))  # fmt: skip
    report = draft_for(reporter, confirm(occurrence))
    said = told(report)
    (account,) = said.report.reported
    assert account.esp_identifier == "u1"
    assert account.esp_service == "Example"
    assert account.estimated_location.country_code == "FR"
    assert [(e.ip_address, e.port, e.event_name, e.date_time) for e in account.ip_events] == [
        ("192.0.2.1", 443, EventName.UPLOAD, AT)
    ]
    assert account.devices[0].id_value == "phone-1"
    assert said.report.summary.incident_type is IncidentType.CSAM
    assert said.report.summary.date_time == AT
    (details,) = said.details
    assert details.original_file_name == "a.png"
    assert details.uploaded_at == AT
    assert details.publicly_available is True
    assert [one.type for one in details.hashes] == ["MD5", "SHA1", "SHA256"]
    assert details.viewed_by_esp is None
    assert details.exif_viewed_by_esp is None
    assert details.annotations == frozenset()
    assert details.industry_classification is None
    assert checked(report).ready, checked(report).findings


def with_evidence_of_origin(item, *found):
    keys = record_keys()
    seen = keys.open_observation(item.pk, item.observation)
    changed = replace(seen.observation, provenance=found, provenance_examined=True)
    item.observation = keys.seal_observation(item.pk, replace(seen, observation=changed))
    item.save()


def test_what_the_scan_read_in_exif_is_told_and_that_nobody_looked_stays_so(
    arrives, confirm, reporter, told_to
):
    told_to("production")
    occurrence = arrives(b"one", C.CSAM)
    camera = {"make": "Maker", "model": "One", "taken": "2026:01:02 03:04:05", "lens": "no\x01thing",
              "serial": "7", "location": "present", "maker_note": "present"}  # fmt: skip
    with_evidence_of_origin(
        occurrence.item,
        Provenance("camera", Grade.CLAIMED, "says", camera),
        Provenance("editor", Grade.CLAIMED, "says", {"software": "Editor 3"}),
        Provenance("generator", Grade.CLAIMED, "says", {"software": "a program", "model": "a model"}),
    )
    report = draft_for(reporter, confirm(occurrence))
    (details,) = told(report).details
    (exif,) = details.details
    assert exif.type is DetailsType.EXIF
    assert [(pair.name, pair.value) for pair in exif.pairs] == [
        ("Make", "Maker"), ("Model", "One"), ("DateTimeOriginal", "2026:01:02 03:04:05"),
        ("BodySerialNumber", "7"),
    ]  # fmt: skip
    assert details.exif_viewed_by_esp is details.viewed_by_esp is None
    assert checked(report).ready, checked(report).findings


@pytest.mark.parametrize(
    "found", [(), (Provenance("camera", Grade.CLAIMED, "says", {"maker_note": "present"}),)]
)
def test_without_exif_fields_no_details_are_told(arrives, confirm, reporter, told_to, found):
    told_to("production")
    occurrence = arrives(b"one", C.CSAM)
    with_evidence_of_origin(occurrence.item, *found)
    (details,) = told(draft_for(reporter, confirm(occurrence))).details
    assert details.details == ()


def test_what_is_not_told_is_left_out(arrives, confirm, reporter, told_to):
    told_to("production", service="")
    report = draft_for(reporter, confirm(arrives(b"one", C.CSAM)))
    (details,) = told(report).details
    assert details.original_file_name is details.uploaded_at is details.publicly_available is None
    assert "not known" in told(report).report.summary.date_time_description


def test_everyone_who_drafts_gets_the_same_report(arrives, confirm, reporter, actor_with, told_to):
    told_to("production")
    case = confirm(arrives(b"one", C.CSAM))
    other = actor_with(Role.REPORTER)
    assert draft_for(reporter, case) == draft_for(other, case)
    assert Report.objects.count() == 1
    assert LedgerRow.objects.filter(event="report.drafted").count() == 1


def test_a_reviewer_does_not_draft(arrives, confirm, actor_with):
    with pytest.raises(PermissionDenied):
        draft_for(actor_with(Role.REVIEWER), confirm(arrives(b"one", C.TEST)))


def test_nothing_is_reported_that_nobody_confirmed(arrives, reporter):
    occurrence = arrives(b"one", C.TEST)
    with pytest.raises(NothingToReport):
        draft_for(reporter, occurrence.membership.case)
    assert Report.objects.count() == 0


def test_only_confirmed_files_go_with_it(arrives, confirm, reporter, told_to):
    told_to("production")
    first, second = arrives(b"one", C.CSAM), arrives(b"two", C.CSAM)
    assert first.membership.case == second.membership.case
    report = draft_for(reporter, confirm(first))
    assert [file.item_id for file, _ in told(report).files] == [first.item_id]


@pytest.mark.parametrize("of", [C.EXPLOITATIVE, C.NCII, C.MODEL, C.SELF_REPORTED, C.TEST])
def test_what_no_hotline_is_told_by_default_is_not_drafted(of, arrives, confirm, reporter, told_to):
    told_to("production")
    with pytest.raises(NothingToReport):
        draft_for(reporter, confirm(arrives(b"one", of)))


def test_beside_what_is_reported_it_waits_for_a_person_who_says_why(arrives, confirm, reporter, told_to):
    told_to("production")
    listed, intimate = arrives(b"one", C.CSAM), arrives(b"two", C.NCII)
    report = draft_for(reporter, confirm(listed, intimate))
    assert [file.item_id for file, _ in told(report).files] == [listed.item_id]
    put_in(reporter, report, intimate.item, "counsel says so")
    assert [file.item_id for file, _ in told(report).files] == [listed.item_id, intimate.item_id]


def test_a_rehearsal_takes_files_of_class_test_and_no_other(arrives, confirm, reporter):
    made_up, real = arrives(b"one", C.TEST), arrives(b"two", C.CSAM)
    report = draft_for(reporter, confirm(made_up, real))
    assert [file.item_id for file, _ in told(report).files] == [made_up.item_id]
    assert report.environment == "test"
    put_in(reporter, report, real.item, "try")
    assert "real-in-rehearsal" in rules(report)
    with pytest.raises(NotReady):
        require_ready(report)


def test_a_test_file_never_goes_to_production(arrives, confirm, reporter, told_to):
    told_to("production")
    real, made_up = arrives(b"one", C.CSAM), arrives(b"two", C.TEST)
    report = draft_for(reporter, confirm(real, made_up))
    put_in(reporter, report, made_up.item, "try")
    assert "test-in-production" in rules(report)


def test_a_finished_rehearsal_leaves_the_case_not_reported(arrives, confirm, reporter, finished):
    case = confirm(arrives(b"one", C.TEST))
    finished(draft_for(reporter, case))
    assert standing_of(case) is Standing.NOT_REPORTED


def test_how_far_a_case_has_come(arrives, confirm, reporter, finished, told_to):
    told_to("production")
    occurrence = arrives(b"one", C.CSAM)
    case = occurrence.membership.case
    assert standing_of(case) is Standing.NOTHING_CONFIRMED
    confirm(occurrence)
    assert standing_of(case) is Standing.NOT_REPORTED
    report = draft_for(reporter, case)
    assert standing_of(case) is Standing.DRAFTED
    finished(report)
    assert standing_of(case) is Standing.REPORTED


def test_what_was_reported_is_not_reported_again(arrives, confirm, reporter, finished, told_to):
    told_to("production")
    case = confirm(arrives(b"one", C.CSAM))
    finished(draft_for(reporter, case))
    with pytest.raises(AlreadyReported):
        draft_for(reporter, case)


def test_what_comes_later_is_a_follow_up_that_names_the_earlier_report(
    arrives, confirm, reporter, finished, told_to
):
    told_to("production")
    first = finished(draft_for(reporter, confirm(arrives(b"one", C.CSAM))), "4711")
    later = draft_for(reporter, confirm(arrives(b"two", C.CSAM)))
    assert later.follows == first
    assert told(later).report.reported[0].prior_reports == (4711,)
    assert len(told(later).files) == 1


def test_a_rehearsal_does_not_stand_in_for_a_report(arrives, confirm, reporter, finished, told_to):
    case = confirm(arrives(b"one", C.TEST), arrives(b"two", C.CSAM))
    finished(draft_for(reporter, case))
    told_to("production")
    real = draft_for(reporter, case)
    assert real.follows is None
    assert told(real).report.reported[0].prior_reports == ()


def test_a_stack_that_spans_cases_is_told_once(arrives, confirm, reporter, told_to, actor_with):
    """The account's files lie in two cases after one was split; there is one report, of both."""
    from safelight.server.cases.rearranging import split

    told_to("production")
    first, second = arrives(b"one", C.CSAM), arrives(b"two", C.CSAM)
    apart = split(actor_with(Role.SENIOR_REVIEWER), first.membership.case, [second])
    first.refresh_from_db()
    second = type(second).objects.get(pk=second.pk)
    confirm(first, second)
    report = draft_for(reporter, first.membership.case)
    assert draft_for(reporter, apart) == report
    assert {case.pk for case in report.told_cases.all()} == {first.membership.case_id, apart.pk}
    assert len(told(report).files) == 2


def test_each_reported_account_has_a_report_of_its_own(arrives, confirm, reporter, told_to):
    told_to("production")
    first, second = arrives(b"one", C.CSAM), arrives(b"two", C.CSAM, account="u2")
    case = first.membership.case
    second.membership.case = case
    second.membership.save()
    CaseAccount.objects.create(case=case, account=second.account, role="uploader")
    confirm(first, second)
    reports = drafts_for(reporter, case)
    assert [told(one).report.reported[0].esp_identifier for one in reports] == ["u1", "u2"]
    assert [len(told(one).files) for one in reports] == [1, 1]


def test_recipients_and_victims_are_told_as_such_and_never_as_reported(arrives, confirm, reporter, told_to):
    told_to("production")
    case = confirm(arrives(b"one", C.CSAM))
    for name, role in (("r", "recipient"), ("v", "victim")):
        account = Account(tag=name.encode(), platform_id=b"")
        account.platform_id = record_keys().seal_content("account", account.pk, name)
        account.save()
        CaseAccount.objects.create(case=case, account=account, role=role)
    said = told(draft_for(reporter, case)).report
    assert [one.esp_identifier for one in said.reported] == ["u1"]
    assert [one.esp_identifier for one in said.recipients] == ["r"]
    assert [one.esp_identifier for one in said.victims] == ["v"]


def test_words_alone_can_be_reported(says, confirm, reporter, told_to):
    told_to("production")
    report = draft_for(reporter, confirm(says("words that were sent")))
    said = told(report)
    assert said.files == ()
    assert said.report.internet_details == (Chat(content="words that were sent"),)
    assert said.report.summary.incident_type is IncidentType.ENTICEMENT
    assert checked(report).ready


def test_what_a_report_says_is_sealed(says, confirm, reporter, told_to):
    told_to("production")
    report = draft_for(reporter, confirm(says("words that were sent")))
    assert b"words" not in bytes(Report.objects.get(pk=report.pk).content)


@pytest.mark.parametrize(("profile", "hotlines"), [
    ("us", ["cybertipline"]), ("uk", ["uk_nca"]), ("us_and_uk", ["cybertipline"]), ("elsewhere", ["generic"]),
])  # fmt: skip
def test_the_profile_says_who_is_told_and_nobody_twice(
    profile, hotlines, arrives, confirm, reporter, told_to
):
    told_to("production", profile)
    case = confirm(arrives(b"one", C.CSAM))
    assert [one.hotline for one in drafts_for(reporter, case)] == hotlines


def test_only_the_viewing_log_says_that_a_file_was_viewed(arrives, confirm, reporter, told_to, monkeypatch):
    told_to("production")
    case = confirm(arrives(b"one", C.CSAM))
    report = draft_for(reporter, case)
    for log, stated in [
        (observed.Seen(whole=False, metadata=False), (None, None)),
        (observed.Seen(whole=True, metadata=False), (True, None)),
        (observed.Seen(whole=True, metadata=True), (True, True)),
        (observed.Seen(whole=False, metadata=True), (None, None)),
    ]:
        monkeypatch.setattr(observed, "seen", lambda *_args, log=log: log)
        monkeypatch.setattr("safelight.server.hotlines.checking.seen", lambda *_args, log=log: log)
        checked_now = require_ready(report)
        (details,) = told(report).details
        assert (details.viewed_by_esp, details.exif_viewed_by_esp) == stated
        said = {one.rule for one in checked_now.findings}
        assert ("metadata-alone" in said) == log.metadata_alone


def test_only_the_assessment_says_that_a_file_was_generated(arrives, confirm, reporter, told_to, monkeypatch):
    told_to("production")
    case = confirm(arrives(b"one", C.CSAM))
    report = draft_for(reporter, case)
    monkeypatch.setattr(observed, "current", lambda *_: Assessment(origin=Origin.GENERATED))
    require_ready(report)
    assert told(report).details[0].annotations == {FileFlag.GENERATIVE_AI}
    monkeypatch.setattr(observed, "current", lambda *_: Assessment(origin=Origin.ALTERED))
    require_ready(report)
    assert told(report).details[0].annotations == frozenset()


def test_a_superseded_confirmation_stops_the_report(arrives, confirm, reporter, told_to):
    told_to("production")
    occurrence = arrives(b"one", C.CSAM)
    case = confirm(occurrence)
    report = draft_for(reporter, case)
    earlier = Decision.objects.get(occurrence=occurrence)
    Decision.objects.create(case=case, occurrence=occurrence, outcome="dismissed", person=earlier.person,
                            supersedes=earlier)  # fmt: skip
    assert "not-confirmed" in rules(report)


def test_evidence_that_is_gone_stops_the_report(arrives, confirm, reporter, told_to):
    from safelight.server.vault.models import SealedObject

    told_to("production")
    report = draft_for(reporter, confirm(arrives(b"one", C.CSAM)))
    SealedObject.objects.all().delete()
    assert "evidence-gone" in rules(report)


def test_a_file_that_was_left_out_stays_out(arrives, confirm, reporter, told_to):
    told_to("production")
    first, second = arrives(b"one", C.CSAM), arrives(b"two", C.CSAM)
    case = confirm(first, second)
    report = draft_for(reporter, case)
    leave_out(reporter, report, told(report).files[0][0], "a mistake of ours")
    draft_for(reporter, case)
    assert [(f.item_id, f.position) for f, _ in told(report).files] == [(second.item_id, 0)]
    put_in(reporter, report, first.item, "after all")
    assert [f.item_id for f, _ in told(report).files] == [second.item_id, first.item_id]


def test_what_people_wrote_stays_when_more_arrives(arrives, confirm, reporter, told_to):
    told_to("production")
    case = confirm(arrives(b"one", C.CSAM))
    report = draft_for(reporter, case)
    written = replace(content(report), additional_info="as we know")
    edit(reporter, report, written, revision=report.revision, section="more")
    confirm(arrives(b"two", C.CSAM))
    report = draft_for(reporter, case)
    assert content(report) == written
    assert len(told(report).files) == 2


def test_a_discarded_draft_makes_room_for_another(arrives, confirm, reporter, told_to):
    told_to("production")
    case = confirm(arrives(b"one", C.CSAM))
    report = draft_for(reporter, case)
    discard(reporter, report, "begun too early")
    assert draft_for(reporter, case) != report


def test_what_was_assessed_is_told_in_the_hotlines_words(arrives, confirm, reporter, told_to, monkeypatch):
    told = Assessment(
        appearance=Appearance.NON_PHOTOGRAPHIC, age=AgeBand.AGE_0_2, severity=Severity.EXHIBITION
    )
    monkeypatch.setattr(observed, "current", lambda *_: told)
    told_to("production")
    case = confirm(arrives(b"one", C.CSAM))
    unsigned = draft_for(reporter, case)
    assert sealed_details(unsigned).annotations == {FileFlag.DRAWING, FileFlag.INFANT}
    assert sealed_details(unsigned).industry_classification is None
    discard(reporter, unsigned, "not signed yet")
    told_to("production", shares_hashes=True)
    assert sealed_details(draft_for(reporter, case)).industry_classification == "A2"


def test_the_viewing_log_is_asked_of_every_case_that_is_told(
    arrives, confirm, reporter, told_to, monkeypatch
):
    asked = []
    monkeypatch.setattr(observed, "has_viewed_whole", lambda item, *, case: asked.append(case) or True)
    told_to("production")
    case = confirm(arrives(b"one", C.CSAM))
    assert sealed_details(draft_for(reporter, case)).viewed_by_esp is True
    assert asked == [case]


def sealed_details(report):
    return told(report).details[0]
