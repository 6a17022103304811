"""Whoever was acted on can object; somebody else answers, and what an upheld one changes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from safelight.server.cases import complaints
from safelight.server.cases.complaints import (
    UPHELD,
    alarm_overdue,
    answer_complaint,
    complain,
    open_complaints,
    words_of,
)
from safelight.server.cases.decisions import decide
from safelight.server.cases.errors import CaseError, ComplaintClosed, ReasonNeeded, SomeoneElseAnswers
from safelight.server.cases.models import Case, Complaint, Decision
from safelight.server.cases.reading import facts
from safelight.server.ids import clock_at, now
from safelight.server.intake.models import Occurrence
from safelight.server.intake.services import receive_file
from safelight.server.ledger.models import LedgerRow
from safelight.server.people.actors import KeyActor, PersonActor
from safelight.server.people.permissions import PermissionDenied
from safelight.server.people.roles import Role
from safelight.server.vault.models import SealedObject

pytestmark = pytest.mark.usefixtures("db")
Make = Callable[..., Any]


@pytest.fixture
def confirmed(arrive: Make, settle: Make) -> Occurrence:
    """An occurrence that was confirmed, in a finished case."""
    occurrence = arrive()
    settle(occurrence, "confirmed")
    return occurrence


@pytest.fixture
def second(actor_with: Make) -> PersonActor:
    return actor_with(Role.SENIOR_REVIEWER)


def disputed() -> bool:
    return SealedObject.objects.get().disputed


def test_a_complaint_is_sealed_has_a_deadline_and_keeps_the_evidence(
    confirmed: Occurrence, actor_with: Make
) -> None:
    began = now()
    with clock_at(lambda: began):
        made = complain(KeyActor(confirmed.intake.key), confirmed, "this is my garden")
    assert made.due_at == began + timedelta(days=14)
    assert made.decision == Decision.objects.get()
    assert b"garden" not in bytes(made.text)
    assert words_of(actor_with(Role.LEAD), made) == ("this is my garden", "")
    assert disputed()
    assert [one.pk for one in open_complaints(actor_with(Role.AUDITOR)).items] == [made.pk]
    assert LedgerRow.objects.filter(event="complaint.received").count() == 1


def test_a_key_complains_about_what_it_sent_and_a_person_by_permission(
    confirmed: Occurrence, sender: Make, actor_with: Make
) -> None:
    with pytest.raises(PermissionDenied):
        complain(sender(), confirmed, "not mine")
    with pytest.raises(PermissionDenied):
        complain(actor_with(Role.AUDITOR), confirmed, "by the auditor")
    complain(actor_with(Role.REPORTER), confirmed, "somebody wrote to us")
    with pytest.raises(ComplaintClosed):
        complain(KeyActor(confirmed.intake.key), confirmed, "and again")


@pytest.mark.usefixtures("keys", "scanner", "vault")
def test_where_nothing_was_done_there_is_nothing_to_object_to(sender: Make, spool: Make) -> None:
    actor = sender()
    received = receive_file(actor, spool(b"clear"))
    with pytest.raises(CaseError, match="Nothing was done"):
        complain(actor, Occurrence.objects.get(pk=received.occurrence_id), "mine")


@pytest.mark.parametrize("text", ["", "  ", "x" * 20_001, "\ud800"])
def test_a_complaint_has_words(confirmed: Occurrence, actor_with: Make, text: str) -> None:
    with pytest.raises(CaseError):
        complain(actor_with(Role.REPORTER), confirmed, text)
    assert not disputed()


def test_an_upheld_complaint_supersedes_the_decision_in_a_case_that_follows(
    confirmed: Occurrence, second: PersonActor, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Complaint] = []
    monkeypatch.setattr(complaints, "UPHELD", [told.append])
    made = complain(KeyActor(confirmed.intake.key), confirmed, "this is my garden")
    answered = answer_complaint(second, made, upheld=True, answer="It is a garden.")
    first = Decision.objects.get(supersedes=None)
    later = answered.superseding
    assert (later.supersedes, later.outcome, later.person) == (first, "dismissed", second.person)
    assert later.case.follows == first.case
    assert first.case.state == Case.State.FINISHED
    assert told == [answered]
    assert not disputed()
    assert words_of(second, answered)[1] == "It is a garden."
    with pytest.raises(ComplaintClosed):
        answer_complaint(second, made, upheld=False, answer="again")


def test_a_rejected_complaint_changes_nothing_but_is_answered(
    confirmed: Occurrence, second: PersonActor
) -> None:
    made = complain(KeyActor(confirmed.intake.key), confirmed, "this is my garden")
    with pytest.raises(ReasonNeeded):
        answer_complaint(second, made, upheld=False, answer=" ")
    answered = answer_complaint(second, made, upheld=False, answer="It is not.")
    assert (answered.state, answered.superseding, Decision.objects.count()) == ("rejected", None, 1)
    assert not disputed()


def test_whoever_decided_does_not_answer(
    confirmed: Occurrence, reviewer: PersonActor, actor_with: Make, workspace_setting: Make
) -> None:
    made = complain(KeyActor(confirmed.intake.key), confirmed, "this is my garden")
    with pytest.raises(SomeoneElseAnswers):
        answer_complaint(reviewer, made, upheld=True, answer="so it is")
    for role in set(Role) - {Role.SENIOR_REVIEWER}:
        with pytest.raises(PermissionDenied):
            answer_complaint(actor_with(role), made, upheld=True, answer="so it is")
    assert Complaint.objects.get().state == Complaint.State.OPEN
    workspace_setting(single_operator=True)
    assert answer_complaint(reviewer, made, upheld=True, answer="so it is").single_operator


def test_a_complaint_about_what_is_undecided_waits_for_a_decision(
    arrive: Make, reviewer: PersonActor, second: PersonActor
) -> None:
    occurrence = arrive()
    case = Case.objects.get()
    made = complain(KeyActor(occurrence.intake.key), occurrence, "this is my garden")
    assert made.decision is None
    with pytest.raises(CaseError):
        answer_complaint(second, made, upheld=True, answer="yes")
    Case.objects.update(assigned_to=reviewer.person)
    assert facts(reviewer, case).members[0].complaint_open
    decide(reviewer, case, occurrence, "confirmed")
    answered = answer_complaint(second, made, upheld=True, answer="yes")
    assert answered.superseding.case == case  # it is not finished, so it goes on there


def test_evidence_stays_kept_while_another_complaint_about_the_same_file_is_open(
    arrive: Make, settle: Make, second: PersonActor
) -> None:
    first, other = arrive("u1"), arrive("u2")
    for one in (first, other):
        settle(one, "confirmed")
    made = [complain(KeyActor(one.intake.key), one, "mine") for one in (first, other)]
    answer_complaint(second, made[0], upheld=False, answer="no")
    assert disputed()
    answer_complaint(second, made[1], upheld=False, answer="no")
    assert not disputed()


def test_what_is_not_answered_in_time_alarms(
    confirmed: Occurrence, second: PersonActor, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Any] = []
    later = now() + timedelta(days=15)
    monkeypatch.setattr(complaints, "raise_alarm", lambda kind, **more: told.append((kind, more["subject"])))
    made = complain(KeyActor(confirmed.intake.key), confirmed, "this is my garden")
    assert alarm_overdue() == 0
    with clock_at(lambda: later):
        assert alarm_overdue() == 1
    assert told == [("complaint_overdue", made.pk)]
    answer_complaint(second, made, upheld=False, answer="no")
    with clock_at(lambda: later):
        assert alarm_overdue() == 0


def test_what_hangs_on_an_upheld_complaint_is_known() -> None:
    assert [follow.__module__ for follow in UPHELD] == ["safelight.server.assessment.following"]
