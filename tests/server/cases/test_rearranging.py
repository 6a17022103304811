"""Merged is one matter, split is several: nothing is lost, nothing is decided twice, and arrivals go on."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from safelight.server.cases.decisions import decide, supersede
from safelight.server.cases.errors import CannotRearrange, CaseError, CaseFinished, NotInCase
from safelight.server.cases.handling import comment, merge, split, take
from safelight.server.cases.models import Case, CaseAccount, CaseOccurrence, Decision
from safelight.server.cases.reading import facts
from safelight.server.cases.services import finish, set_role
from safelight.server.intake.models import Occurrence
from safelight.server.ledger.models import LedgerRow
from safelight.server.people.actors import PersonActor
from safelight.server.people.permissions import PermissionDenied
from safelight.server.people.roles import Role

pytestmark = pytest.mark.usefixtures("db")
Make = Callable[..., Any]
CONFIRMED = Decision.Outcome.CONFIRMED


def case_of(occurrence: Occurrence) -> Case:
    return Case.objects.get(members__occurrence=occurrence)


@pytest.fixture
def reviewer(actor_with: Make) -> PersonActor:
    return actor_with(Role.REVIEWER)


def test_a_merged_case_has_everything_of_both_and_later_arrivals_of_either_account(
    arrive: Make, reviewer: PersonActor
) -> None:
    first, second = arrive("u1", b"1"), arrive("u2", b"2")
    into, other = case_of(first), case_of(second)
    Case.objects.filter(pk=other.pk).update(priority=95, imminent_danger=True)
    for case in (into, other):
        take(reviewer, case)
    comment(reviewer, other, "the same person")
    set_role(reviewer, other, second.account, CaseAccount.Role.RECIPIENT, "told so")
    kept = merge(reviewer, into, other)
    assert (kept.pk, kept.priority, kept.imminent_danger) == (into.pk, 95, True)
    assert case_of(first) == case_of(second) == kept
    assert dict(kept.accounts.values_list("account", "role"))[second.account_id] == "recipient"
    assert [note.text for note in facts(reviewer, kept).comments] == ["the same person"]
    emptied = Case.objects.get(pk=other.pk)
    assert (emptied.state, emptied.merged_into) == (Case.State.MERGED, kept)
    assert case_of(arrive("u2", b"3")) == case_of(arrive("u1", b"4")) == kept
    assert LedgerRow.objects.filter(event="case.merged").count() == 1


def test_what_comes_for_either_account_after_a_merged_case_was_finished_follows_it(
    arrive: Make, reviewer: PersonActor
) -> None:
    first, second = arrive("u1", b"1"), arrive("u2", b"2")
    for one in (first, second):
        take(reviewer, case_of(one))
        decide(reviewer, case_of(one), one, CONFIRMED)
    finished = finish(reviewer, merge(reviewer, case_of(first), case_of(second)))
    assert case_of(arrive("u1", b"3")).follows == case_of(arrive("u2", b"4")).follows == finished


def test_what_was_decided_before_a_merge_stands_and_is_superseded_after_it(
    arrive: Make, reviewer: PersonActor
) -> None:
    first, second = arrive("u1", b"1"), arrive("u2", b"2")
    for one in (first, second):
        take(reviewer, case_of(one))
    made = decide(reviewer, case_of(second), second, CONFIRMED)
    kept = merge(reviewer, case_of(first), case_of(second))
    assert kept.state == Case.State.OPEN
    decide(reviewer, kept, first, CONFIRMED)
    supersede(reviewer, made, Decision.Outcome.DISMISSED, "looked again")
    assert finish(reviewer, kept).state == Case.State.FINISHED


def test_a_merged_case_is_as_final_as_a_finished_one(arrive: Make, reviewer: PersonActor) -> None:
    from django.db import DatabaseError

    into, other = case_of(arrive("u1", b"1")), case_of(arrive("u2", b"2"))
    for case in (into, other):
        take(reviewer, case)
    merge(reviewer, into, other)
    with pytest.raises(CaseFinished):
        merge(reviewer, into, other)
    with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
        Case.objects.filter(pk=other.pk).update(priority=1)


def test_cases_are_rearranged_by_who_may_work_in_all_of_them(
    arrive: Make, actor_with: Make, reviewer: PersonActor
) -> None:
    mine, theirs = case_of(arrive("u1", b"1")), case_of(arrive("u2", b"2"))
    take(reviewer, mine)
    take(actor_with(Role.REVIEWER), theirs)
    with pytest.raises(PermissionDenied):
        merge(reviewer, mine, theirs)
    with pytest.raises(CannotRearrange):
        merge(reviewer, mine, mine)
    with pytest.raises(PermissionDenied):
        split(actor_with(Role.LEAD), mine, [])


def test_a_split_case_is_two_with_the_same_person_and_priority(arrive: Make, reviewer: PersonActor) -> None:
    first, second, third = (arrive("u1", content) for content in (b"1", b"2", b"3"))
    case = case_of(first)
    take(reviewer, case)
    decide(reviewer, case, first, CONFIRMED)
    decide(reviewer, case, second, CONFIRMED)
    new = split(reviewer, case, [third])
    assert (new.split_from, new.priority, new.assigned_to) == (case, case.priority, reviewer.person)
    assert (case_of(first).state, case_of(third).state) == (Case.State.DECIDED, Case.State.OPEN)
    assert new.account is None  # the account has an unfinished case, and that one is about it
    assert new.accounts.get().account == third.account
    assert case_of(arrive("u1", b"4")) == case


def test_a_split_takes_some_and_leaves_some(arrive: Make, reviewer: PersonActor) -> None:
    first, second, other = arrive("u1", b"1"), arrive("u1", b"2"), arrive("u2", b"3")
    case = case_of(first)
    take(reviewer, case)
    for nothing in ([], [first, second]):
        with pytest.raises(CannotRearrange):
            split(reviewer, case, nothing)
    with pytest.raises(NotInCase):
        split(reviewer, case, [other])


def test_what_a_merge_brought_together_a_split_takes_apart_again(arrive: Make, reviewer: PersonActor) -> None:
    first, second = arrive("u1", b"1"), arrive("u2", b"2")
    for one in (first, second):
        take(reviewer, case_of(one))
    kept = merge(reviewer, case_of(first), case_of(second))
    new = split(reviewer, kept, [second])
    assert new.account == second.account
    assert set(kept.accounts.values_list("account", flat=True)) == {first.account_id}
    assert case_of(arrive("u2", b"3")) == new


_CALLS = st.one_of(
    st.tuples(st.just("arrive"), st.sampled_from(["u1", "u2", "u3", ""]), st.integers(0, 2)),
    st.tuples(st.just("merge"), st.integers(0, 5), st.integers(0, 5)),
    st.tuples(st.just("split"), st.integers(0, 5), st.integers(0, 5)),
    st.tuples(st.just("decide"), st.integers(0, 9), st.sampled_from(list(Decision.Outcome))),
    st.tuples(st.just("finish"), st.integers(0, 5), st.none()),
)


class _Undo(Exception):
    pass


def _act(name: str, first: Any, second: Any, reviewer: PersonActor, arrive: Make) -> None:
    cases, members = list(Case.objects.order_by("pk")), list(CaseOccurrence.objects.order_by("pk"))
    match name:
        case "arrive":
            arrive(first, f"file {second}".encode())
        case "merge":
            merge(reviewer, cases[first], cases[second])
        case "split":
            split(reviewer, cases[first], [members[second].occurrence])
        case "decide":
            decide(reviewer, members[first].case, members[first].occurrence, second, reason="seen")
        case _:
            finish(reviewer, cases[first])


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(calls=st.lists(_CALLS, max_size=25))
def test_no_sequence_of_acts_loses_an_occurrence_or_leaves_a_case_in_a_wrong_state(
    calls: list[tuple[str, Any, Any]], actor_with: Make, arrive: Make
) -> None:
    with suppress(_Undo), transaction.atomic():
        reviewer = actor_with(Role.REVIEWER)
        for call in calls:
            with suppress(CaseError, PermissionDenied, IndexError), transaction.atomic():
                _act(*call, reviewer, arrive)
            Case.objects.filter(state__in=["open", "decided"]).update(assigned_to=reviewer.person)
            covered = set(CaseOccurrence.objects.values_list("occurrence", flat=True))
            settled = set(Occurrence.objects.filter(settled__isnull=False).values_list("pk", flat=True))
            assert covered | settled == set(Occurrence.objects.values_list("pk", flat=True))
            for one in Case.objects.all():
                members = one.members.count()
                if one.state == Case.State.MERGED:
                    assert members == 0
                    continue
                assert members > 0
                accounts = set(one.members.values_list("occurrence__account", flat=True)) - {None}
                assert accounts <= set(one.accounts.values_list("account", flat=True))
                undecided = one.members.filter(occurrence__decisions=None).exists()
                assert not (undecided and one.state != Case.State.OPEN)
        raise _Undo
