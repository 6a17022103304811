"""No sequence of calls changes a finished case."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from safelight.server.cases.decisions import decide, supersede
from safelight.server.cases.errors import CaseError
from safelight.server.cases.models import Case, CaseAccount, CaseOccurrence, Decision
from safelight.server.cases.services import finish, follow_up, set_role
from safelight.server.intake.models import IpEvent, Occurrence
from safelight.server.people.actors import PersonActor
from safelight.server.people.permissions import PermissionDenied
from safelight.server.people.roles import Role

pytestmark = pytest.mark.usefixtures("db")

_CALLS = st.one_of(
    st.tuples(st.just("arrive"), st.sampled_from(["u1", "u2", ""]), st.integers(0, 2)),
    st.tuples(st.just("decide"), st.integers(0, 9), st.sampled_from(list(Decision.Outcome))),
    st.tuples(st.just("supersede"), st.integers(0, 9), st.sampled_from(list(Decision.Outcome))),
    st.tuples(st.just("finish"), st.integers(0, 4), st.none()),
    st.tuples(st.just("follow_up"), st.integers(0, 4), st.none()),
    st.tuples(st.just("role"), st.integers(0, 4), st.sampled_from(list(CaseAccount.Role))),
)


def _finished() -> dict[Any, list[Any]]:
    """Every row that belongs to a finished case, by case."""
    told = {}
    for case in Case.objects.filter(state=Case.State.FINISHED):
        occurrences = Occurrence.objects.filter(membership__case=case)
        parts = [
            Case.objects.filter(pk=case.pk),
            CaseOccurrence.objects.filter(case=case),
            CaseAccount.objects.filter(case=case),
            Decision.objects.filter(case=case),
            occurrences,
            IpEvent.objects.filter(occurrence__in=occurrences),
        ]
        told[case.pk] = [list(part.order_by("pk").values()) for part in parts]
    return told


class _Undo(Exception):
    pass


class _Room:
    """Makes one call on whatever there is; what is not allowed is refused, which is no failure."""

    def __init__(self, reviewer: PersonActor, arrive: Callable[..., Occurrence]) -> None:
        self.reviewer, self.arrive = reviewer, arrive

    def call(self, name: str, first: Any, second: Any) -> None:
        with suppress(CaseError, PermissionDenied, IndexError), transaction.atomic():
            getattr(self, f"do_{name}")(first, second)
        Case.objects.exclude(state=Case.State.FINISHED).update(assigned_to=self.reviewer.person)

    def _case(self, number: int) -> Case:
        return Case.objects.order_by("opened_at", "pk")[number]

    def do_arrive(self, account: str, number: int) -> None:
        self.arrive(account, f"file {number}".encode())

    def do_decide(self, number: int, outcome: Decision.Outcome) -> None:
        member = CaseOccurrence.objects.order_by("pk")[number]
        decide(self.reviewer, member.case, member.occurrence, outcome, reason="seen")

    def do_supersede(self, number: int, outcome: Decision.Outcome) -> None:
        decision = Decision.objects.order_by("decided_at", "pk")[number]
        later = Case.objects.filter(follows=decision.case).first()
        supersede(self.reviewer, decision, outcome, "seen again", in_case=later)

    def do_finish(self, number: int, _: None) -> None:
        finish(self.reviewer, self._case(number))

    def do_follow_up(self, number: int, _: None) -> None:
        follow_up(self.reviewer, self._case(number), "taken up again")

    def do_role(self, number: int, role: CaseAccount.Role) -> None:
        case = self._case(number)
        if member := case.accounts.first():
            set_role(self.reviewer, case, member.account, role, "told so")


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(calls=st.lists(_CALLS, max_size=20))
def test_no_sequence_of_calls_changes_a_finished_case(
    calls: list[tuple[str, Any, Any]], actor_with: Callable[..., Any], arrive: Callable[..., Occurrence]
) -> None:
    with suppress(_Undo), transaction.atomic():
        room = _Room(actor_with(Role.SENIOR_REVIEWER), arrive)
        # So that there is something finished in every sequence.
        for start in (("arrive", "u1", 0), ("decide", 0, Decision.Outcome.DISMISSED), ("finish", 0, None)):
            room.call(*start)
        before = _finished()
        assert len(before) == 1
        for call in calls:
            room.call(*call)
            after = _finished()
            assert before.items() <= after.items()
            before = after
        raise _Undo
