"""What comes of assessments: measured agreement, files listed by two more people, complaints put right."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from safelight.assessment import axes
from safelight.assessment.axes import AgeBand, Outcome, Severity
from safelight.frames import Frame, write_frames
from safelight.server.assessment.correcting import corrections, mark_done
from safelight.server.assessment.deciding import decide_item
from safelight.server.assessment.errors import AssessmentError, OpinionsMissing
from safelight.server.assessment.listing import decline_listing, open_suggestions, propose_listing
from safelight.server.assessment.measuring import agreement
from safelight.server.assessment.models import Correction, Suggestion
from safelight.server.assessment.opinions import give, take_next
from safelight.server.assessment.services import assess
from safelight.server.cases.complaints import answer_complaint, complain
from safelight.server.cases.decisions import supersede
from safelight.server.cases.models import Case, Decision, Settled
from safelight.server.cases.services import finish
from safelight.server.config import Reporting
from safelight.server.hotlines.checking import checked
from safelight.server.hotlines.correcting import CORRECTION
from safelight.server.hotlines.finished import FINISHED
from safelight.server.hotlines.models import Report, ReportFile
from safelight.server.hotlines.sealed import content
from safelight.server.ids import now
from safelight.server.intake.models import Item, Occurrence
from safelight.server.intake.record_keys import record_keys
from safelight.server.lists.models import WaitingEntry
from safelight.server.lists.services import make_list, one_list
from safelight.server.people.permissions import PermissionDenied
from safelight.server.people.proposals import approve
from safelight.server.people.roles import Role
from safelight.types import ListClass, MediaKind, Part, Signal

pytestmark = pytest.mark.usefixtures("db")
Make = Callable[..., Any]
FOUND = axes.Assessment(outcome=Outcome.UNLAWFUL, severity=Severity.EXHIBITION, age=AgeBand.AGE_7_10)


def later() -> Any:
    return now() + timedelta(days=90)


def test_agreement_is_counted_over_blind_opinions_and_names_nobody(
    case: Case, item: Item, reviewer: Any, second: Any, arrive: Make, actor_with: Make, policy: Make
) -> None:
    lead = actor_with(Role.LEAD)
    assert {axis.found for axis in agreement(lead)} == {None}
    policy(opinions="blind")
    other = arrive(content=b"another").item
    for one, severity in ((item, Severity.EXHIBITION), (other, Severity.OTHER_INDECENT)):
        assess(reviewer, case, one, FOUND)
        opinion = take_next(second)
        assert opinion is not None
        give(second, opinion, FOUND.but(severity=severity))
    told = {axis.axis: axis.found for axis in agreement(lead)}
    assert told["severity"] is not None
    assert told["age"] is not None
    assert (told["severity"].pairs, told["severity"].agreed) == (2, 1)
    assert (told["age"].pairs, told["age"].agreed, told["age"].kappa) == (2, 2, None)
    with pytest.raises(PermissionDenied):
        agreement(reviewer)


def test_an_opinion_that_saw_the_first_answer_measures_nothing(
    case: Case, item: Item, reviewer: Any, second: Any, actor_with: Make, policy: Make
) -> None:
    policy(opinions="second")
    assess(reviewer, case, item, FOUND)
    opinion = take_next(second)
    assert opinion is not None
    give(second, opinion, FOUND)
    assert {axis.found for axis in agreement(actor_with(Role.LEAD))} == {None}


def test_a_confirmed_file_goes_to_an_own_list_with_its_codes_by_two_more_people(
    case: Case, item: Item, reviewer: Any, manager: Any
) -> None:
    make_list(manager, "ours", ListClass.CSAM, own=True)
    make_list(manager, "theirs", ListClass.CSAM)
    assess(reviewer, case, item, FOUND)
    decide_item(reviewer, case, item, Decision.Outcome.CONFIRMED, suggest=True)
    decide_item(reviewer, case, item, Decision.Outcome.CONFIRMED, reason="once more", suggest=True)
    suggestion = open_suggestions(manager).get()
    with pytest.raises(AssessmentError, match="not of the kind"):
        propose_listing(manager, suggestion, "theirs", "confirmed here", later())
    made = propose_listing(manager, suggestion, "ours", "confirmed here", later())
    assert made.proposal is not None
    (entry,) = WaitingEntry.objects.all()
    assert (entry.key, entry.classification) == (str(item.pk), "industry:A2 uk:C")
    with pytest.raises(AssessmentError, match="answered already"):
        decline_listing(manager, suggestion, "no")
    with pytest.raises(PermissionDenied):
        open_suggestions(reviewer)


FRAMES = write_frames(Frame(hashlib.sha256(bytes([n])).hexdigest(), 100, float(n)) for n in range(3))
SOUND = hashlib.shake_128(b"a sound").hexdigest(4 * 40)
TENSORS = "5e" * 32


@pytest.mark.parametrize(
    ("kind", "signals", "listed"),
    [
        (
            MediaKind.VIDEO,
            [
                Signal("vpdq", FRAMES, 100, Part.parse("#stream=2")),
                Signal("pdq", hashlib.sha256(b"a still").hexdigest(), 100, Part.parse("#t=1.0")),
                Signal("chromaprint", SOUND, part=Part.parse("#audio=1")),
            ],
            {"pdq": 3},
        ),
        (MediaKind.AUDIO, [Signal("chromaprint", SOUND, part=Part.parse("#audio=1"))], {"chromaprint": 1}),
        (
            MediaKind.MODEL_FILE,
            [
                Signal("tsid", TENSORS),
                Signal("autov3", "0123456789ab"),
                Signal("autov1", "01234567"),
                Signal("t1", TENSORS, part=Part.parse("!tensor%3Dx")),
            ],
            {"tsid": 1, "autov3": 1},
        ),
        (MediaKind.ARCHIVE, [Signal("vpdq", FRAMES, 100, Part.parse("!clip.mp4"))], {}),
    ],
    ids=str,
)
def test_recordings_and_models_are_listed_by_what_finds_their_copies(
    case: Case,
    item: Item,
    reviewer: Any,
    manager: Any,
    second_manager: Any,
    kind: MediaKind,
    signals: list[Signal],
    listed: dict[str, int],
) -> None:
    keys = record_keys()
    result = keys.open_observation(item.pk, item.observation)
    seen = replace(result.observation, signals=(*result.observation.signals, *signals))
    item.observation, item.kind = (
        keys.seal_observation(item.pk, replace(result, observation=seen)),
        kind.value,
    )
    item.save(update_fields=["observation", "kind"])
    make_list(manager, "ours", ListClass.CSAM, own=True)
    decide_item(reviewer, case, item, Decision.Outcome.CONFIRMED, suggest=True)
    made = propose_listing(manager, open_suggestions(manager).get(), "ours", "confirmed here", later())
    assert made.proposal is not None
    approve(second_manager, made.proposal.pk)
    assert dict(one_list(manager, "ours").entries) == {"sha256": 1, **listed}


def test_a_dismissed_file_is_suggested_as_known_good_by_its_digest_alone(
    case: Case, item: Item, reviewer: Any, manager: Any
) -> None:
    make_list(manager, "good", ListClass.KNOWN_GOOD)
    decide_item(reviewer, case, item, Decision.Outcome.DISMISSED, reason="a lamp", suggest=True)
    propose_listing(manager, open_suggestions(manager).get(), "good", "a lamp", later())
    assert [entry.signal_type for entry in WaitingEntry.objects.all()] == ["sha256"]


def test_what_is_decided_otherwise_since_is_not_listed(
    case: Case, item: Item, reviewer: Any, manager: Any
) -> None:
    make_list(manager, "ours", ListClass.CSAM, own=True)
    made = decide_item(reviewer, case, item, Decision.Outcome.CONFIRMED, suggest=True)
    supersede(reviewer, made, Decision.Outcome.DISMISSED, "looked again")
    with pytest.raises(AssessmentError, match="changed since"):
        propose_listing(manager, open_suggestions(manager).get(), "ours", "confirmed", later())


def test_three_people_answer_before_a_file_is_listed_where_the_policy_says_so(
    case: Case, item: Item, reviewer: Any, second: Any, manager: Any, actor_with: Make, policy: Make
) -> None:
    policy(opinions="three")
    make_list(manager, "ours", ListClass.CSAM, own=True)
    assess(reviewer, case, item, FOUND)
    opinion = take_next(second)
    assert opinion is not None
    give(second, opinion, FOUND)
    decide_item(reviewer, case, item, Decision.Outcome.CONFIRMED, suggest=True)
    suggestion = open_suggestions(manager).get()
    with pytest.raises(AssessmentError, match="three people"):
        propose_listing(manager, suggestion, "ours", "confirmed", later())
    third = actor_with(Role.REVIEWER)
    opinion = take_next(third)
    assert opinion is not None
    give(third, opinion, FOUND)
    assert propose_listing(manager, suggestion, "ours", "confirmed", later()).proposal is not None


def reported(case: Case, item: Item, *, environment: str = "production", number: str) -> None:
    """A report about the case's file that a hotline has finished."""
    report = Report.objects.create(
        case=case, hotline="cybertipline", duty="us", environment=environment, state="draft",
        content=b"sealed", account=case.account,
    )  # fmt: skip
    report.told_cases.add(case)
    place = Occurrence.objects.filter(item=item, membership__case=case).get()
    ReportFile.objects.create(report=report, item=item, occurrence=place, position=0, details=b"sealed")
    report.state, report.number, report.finished_at = "finished", number, now()
    report.save()


def test_an_upheld_complaint_runs_the_whole_chain_and_it_is_seen(
    case: Case, item: Item, reviewer: Any, senior: Any, arrive: Make, workspace_setting: Make
) -> None:
    workspace_setting(reporting=Reporting(email="team@example.org"))
    decide_item(reviewer, case, item, Decision.Outcome.CONFIRMED)
    reported(case, item, environment="mock", number="0")
    reported(case, item, number="4711")
    with pytest.raises(OpinionsMissing, match="report about this is finished"):
        decide_item(reviewer, case, item, Decision.Outcome.DISMISSED, reason="looked again")
    finish(reviewer, case)
    occurrence = Occurrence.objects.get()
    complaint = answer_complaint(
        senior, complain(senior, occurrence, "It is my cat."), upheld=True, answer="Yes."
    )
    steps = {step.kind: step for step in corrections(senior)}
    assert {kind: step.state for kind, step in steps.items()} == {
        "decision": "done", "restore": "done", "hotline": "waiting", "exception": "done",
        "feedback": "waiting", "figures": "done",
    }  # fmt: skip
    assert steps["decision"].reference == str(complaint.superseding_id)
    assert steps["feedback"].about == "a list"
    assert steps["feedback"].entries == ["entry-1"]
    assert steps["hotline"].about == "cybertipline 4711"
    assert Suggestion.objects.get().kind == Suggestion.Kind.KNOWN_GOOD
    with pytest.raises(AssessmentError, match="reference"):
        mark_done(senior, steps["hotline"], " ")
    mark_done(senior, steps["hotline"], "Correction to report 4711")
    with pytest.raises(AssessmentError, match="does not wait"):
        mark_done(senior, steps["hotline"], "twice")
    made = steps["hotline"].report
    assert (made.state, made.follows.number, made.told_cases.count()) == ("draft", "4711", 0)
    said = content(made)
    assert said.reported[0].prior_reports == (4711,)
    assert said.additional_info is not None
    assert said.additional_info.startswith("Correction of report 4711, finished ")
    assert "at file 1 of it" in said.additional_info
    assert "a list" not in said.additional_info
    assert [one.says for one in checked(made).findings if one.stops] == []
    # The same file by the same entries opens no case again, whoever sends it; by another entry it does.
    assert Settled.objects.filter(occurrence=arrive(account="somebody else")).exists()
    assert not Settled.objects.filter(occurrence=arrive(account="somebody else", entry="entry-2")).exists()


def test_where_nothing_was_done_nothing_is_put_right(
    case: Case, item: Item, reviewer: Any, senior: Any
) -> None:
    decide_item(reviewer, case, item, Decision.Outcome.DISMISSED, reason="a cat")
    answer_complaint(senior, complain(senior, Occurrence.objects.get(), "Why?"), upheld=True, answer="Sorry.")
    states = dict(Correction.objects.values_list("kind", "state"))
    assert states["decision"] == states["hotline"] == states["exception"] == states["figures"] == "not_needed"


def test_one_correction_cites_every_report_that_was_wrong_and_its_receipt_is_the_step_done(
    case: Case, item: Item, reviewer: Any, senior: Any, arrive: Make
) -> None:
    other = arrive(content=b"another")
    for number, one in (("4711", item), ("4712", other.item)):
        decide_item(reviewer, case, one, Decision.Outcome.CONFIRMED)
        reported(case, one, number=number)
    finish(reviewer, case)
    for place in Occurrence.objects.order_by("pk"):
        complaint = complain(senior, place, "It is my cat.")
        answer_complaint(senior, complaint, upheld=True, answer="Yes.")
    steps = [step for step in corrections(senior) if step.kind == "hotline"]
    assert {step.about for step in steps} == {"cybertipline 4711", "cybertipline 4712"}
    (draft,) = Report.objects.filter(duty=CORRECTION)
    assert {step.report for step in steps} == {draft}
    assert content(draft).reported[0].prior_reports == (4711, 4712)
    assert str(content(draft).additional_info).count("Correction of report") == 2
    draft.state, draft.number, draft.finished_at = "finished", "4713", now()
    draft.save()
    for follow in FINISHED:
        follow(draft)
    assert {(step.state, step.reference) for step in corrections(senior) if step.kind == "hotline"} == {
        ("done", "4713")
    }
