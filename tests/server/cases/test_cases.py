"""What makes a case, what extends it, and what no case takes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from safelight.server.cases.decisions import decide, supersede
from safelight.server.cases.errors import (
    AlreadyDecided,
    CaseError,
    CaseFinished,
    NotAllDecided,
    NotInCase,
    ReasonNeeded,
)
from safelight.server.cases.handling import earlier_cases
from safelight.server.cases.models import Case, CaseAccount, Decision, Settled
from safelight.server.cases.services import finish, follow_up, set_role
from safelight.server.config import Cases
from safelight.server.intake.models import Occurrence
from safelight.server.ledger.models import LedgerRow
from safelight.server.people.actors import PersonActor, SystemActor
from safelight.server.people.permissions import PermissionDenied
from safelight.server.people.roles import Role

pytestmark = pytest.mark.usefixtures("db")
Make = Callable[..., Any]
CONFIRMED, DISMISSED, ESCALATED, *_ = Decision.Outcome


def case_of(occurrence: Occurrence) -> Case:
    return Case.objects.get(members__occurrence=occurrence)


def test_one_account_has_one_unfinished_case_with_its_highest_priority(arrive: Make) -> None:
    first, second = arrive(content=b"1"), arrive(content=b"2")
    other = arrive("u2")
    assert case_of(first) == case_of(second) != case_of(other)
    assert case_of(first).priority == 80


def test_without_an_account_the_same_file_is_one_case(arrive: Make) -> None:
    first, again, other = arrive("", b"1"), arrive("", b"1"), arrive("", b"2")
    assert case_of(first) == case_of(again) != case_of(other)
    assert case_of(arrive("u1", b"1")) != case_of(first)


def test_what_comes_after_a_finished_case_opens_one_that_follows_it(
    arrive: Make, settle: Make, reviewer: PersonActor
) -> None:
    finished = settle(arrive(content=b"1"), CONFIRMED)
    later = case_of(arrive(content=b"2"))
    assert (later.follows, later.state) == (finished, Case.State.OPEN)
    assert finished.members.count() == 1
    Case.objects.filter(pk=later.pk).update(assigned_to=finished.assigned_to)
    [earlier] = earlier_cases(reviewer, later)
    assert (earlier.id, earlier.state) == (finished.pk, Case.State.FINISHED)


def test_a_case_is_decided_when_all_of_it_is_and_open_again_when_more_comes(
    arrive: Make, reviewer: PersonActor
) -> None:
    first, second = arrive(content=b"1"), arrive(content=b"2")
    case = case_of(first)
    Case.objects.update(assigned_to=reviewer.person)
    decide(reviewer, case, first, CONFIRMED)
    assert case_of(first).state == Case.State.OPEN
    with pytest.raises(NotAllDecided):
        finish(reviewer, case)
    decide(reviewer, case, second, DISMISSED, reason="a landscape")
    assert case_of(first).state == Case.State.DECIDED
    assert case_of(arrive(content=b"3")).pk == case.pk
    assert case_of(first).state == Case.State.OPEN


def test_an_escalated_case_is_not_finished(arrive: Make, reviewer: PersonActor) -> None:
    occurrence = arrive()
    Case.objects.update(assigned_to=reviewer.person)
    escalated = decide(reviewer, case_of(occurrence), occurrence, ESCALATED, reason="needs a lead")
    with pytest.raises(NotAllDecided):
        finish(reviewer, case_of(occurrence))
    supersede(reviewer, escalated, CONFIRMED, "the lead agreed")
    assert finish(reviewer, case_of(occurrence)).state == Case.State.FINISHED


def test_a_decision_is_made_once_and_superseded_in_a_line(arrive: Make, reviewer: PersonActor) -> None:
    occurrence = arrive()
    case = case_of(occurrence)
    Case.objects.update(assigned_to=reviewer.person)
    first = decide(reviewer, case, occurrence, CONFIRMED)
    with pytest.raises(AlreadyDecided):
        decide(reviewer, case, occurrence, DISMISSED, reason="no")
    with pytest.raises(ReasonNeeded):
        supersede(reviewer, first, DISMISSED, " ")
    second = supersede(reviewer, first, DISMISSED, "looked again")
    with pytest.raises(AlreadyDecided):
        supersede(reviewer, first, CONFIRMED, "looked again")
    supersede(reviewer, second, CONFIRMED, "and again")
    outcomes = Decision.objects.order_by("decided_at").values_list("outcome", flat=True)
    assert list(outcomes) == ["confirmed", "dismissed", "confirmed"]
    events = LedgerRow.objects.filter(event__startswith="decision.").values_list("event", flat=True)
    assert sorted(events) == ["decision.made", "decision.superseded", "decision.superseded"]


def test_only_who_a_case_is_assigned_to_decides_in_it(
    arrive: Make, actor_with: Make, reviewer: PersonActor, sender: Make
) -> None:
    occurrence = arrive()
    case = case_of(occurrence)
    Case.objects.update(assigned_to=reviewer.person)
    others = [actor_with(role) for role in Role] + [sender(), SystemActor("jobs")]
    for other in others:
        with pytest.raises(PermissionDenied):
            decide(other, case, occurrence, CONFIRMED)
        with pytest.raises(PermissionDenied):
            finish(other, case)
    assert not Decision.objects.exists()


def test_the_operators_policy_decides_by_a_named_rule(arrive: Make, workspace_setting: Make) -> None:
    occurrence = arrive()
    workspace_setting(cases=Cases(confirm_lists=("a list",)))
    made = decide(
        SystemActor("policy"), case_of(occurrence), occurrence, CONFIRMED, policy_rule="hotline-exact"
    )
    assert (made.person, made.policy_rule) == (None, "hotline-exact")


def test_what_is_not_in_the_case_is_not_decided_there(arrive: Make, reviewer: PersonActor) -> None:
    mine, other = arrive("u1", b"1"), arrive("u2", b"2")
    Case.objects.update(assigned_to=reviewer.person)
    with pytest.raises(NotInCase):
        decide(reviewer, case_of(mine), other, CONFIRMED)
    with pytest.raises(NotInCase):
        set_role(reviewer, case_of(mine), other.account, CaseAccount.Role.VICTIM, "told so")
    first = decide(reviewer, case_of(mine), mine, CONFIRMED)
    with pytest.raises(NotInCase):
        supersede(reviewer, first, DISMISSED, "no", in_case=case_of(other))


def test_an_accounts_role_is_said_per_case(arrive: Make, reviewer: PersonActor, settle: Make) -> None:
    occurrence = arrive(content=b"1")
    case = case_of(occurrence)
    Case.objects.update(assigned_to=reviewer.person)
    set_role(reviewer, case, occurrence.account, CaseAccount.Role.COMPROMISED, "the owner was locked out")
    settle(occurrence, CONFIRMED)
    assert case.accounts.get().role == CaseAccount.Role.COMPROMISED
    assert case_of(arrive(content=b"2")).accounts.get().role == CaseAccount.Role.UPLOADER
    assert "offender" not in {role.value for role in CaseAccount.Role}


def test_a_finished_case_is_superseded_in_one_that_follows(
    arrive: Make, reviewer: PersonActor, settle: Make
) -> None:
    occurrence = arrive()
    finished = settle(occurrence, CONFIRMED)
    [decision] = Decision.objects.all()
    with pytest.raises((CaseFinished, PermissionDenied)):
        supersede(reviewer, decision, DISMISSED, "the complaint was right")
    later = follow_up(reviewer, finished, "an upheld complaint")
    assert follow_up(reviewer, finished, "again") == later
    Case.objects.filter(pk=later.pk).update(assigned_to=reviewer.person)
    later.refresh_from_db()
    supersede(reviewer, decision, DISMISSED, "the complaint was right", in_case=later)
    assert finish(reviewer, later).follows == finished
    with pytest.raises(CaseError):
        follow_up(reviewer, case_of(arrive("u2")), "not finished")


def test_a_dismissed_file_of_the_same_account_and_match_opens_nothing_and_says_why(
    arrive: Make, settle: Make
) -> None:
    settle(arrive(), DISMISSED)
    again = arrive()
    assert not Case.objects.exclude(state=Case.State.FINISHED).exists()
    assert Settled.objects.get().occurrence == again
    assert Settled.objects.get().decision == Decision.objects.get()
    assert LedgerRow.objects.filter(event="occurrence.settled").count() == 1


def test_a_dismissed_file_opens_a_following_case_for_another_account_or_another_match(
    arrive: Make, settle: Make
) -> None:
    dismissed = settle(arrive("u1"), DISMISSED)
    assert case_of(arrive("u2")).follows == dismissed
    assert case_of(arrive("u1", entry="entry-2")).follows == dismissed
    assert not Settled.objects.exists()


def test_a_dismissal_that_no_longer_stands_covers_nothing(
    arrive: Make, settle: Make, reviewer: PersonActor
) -> None:
    finished = settle(arrive(), DISMISSED)
    later = follow_up(reviewer, finished, "the list's owner corrected us")
    Case.objects.filter(pk=later.pk).update(assigned_to=reviewer.person)
    later.refresh_from_db()
    supersede(reviewer, Decision.objects.get(), CONFIRMED, "they were right", in_case=later)
    assert case_of(arrive()) == later


def test_a_confirmed_file_always_opens_a_case_again(arrive: Make, settle: Make) -> None:
    settle(arrive(), CONFIRMED)
    assert case_of(arrive()).state == Case.State.OPEN
