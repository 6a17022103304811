"""A decision that is spread is spread once and wholly, wherever the process dies, and whoever else tries."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from at_once import at_once
from django.db import connection

from safelight.assessment import axes
from safelight.server.assessment import stacks
from safelight.server.assessment.errors import NotOpen
from safelight.server.assessment.models import Opinion, Spread, StoredAssessment
from safelight.server.assessment.opinions import take
from safelight.server.assessment.services import assess
from safelight.server.assessment.stacks import equal_members, spread
from safelight.server.cases.decisions import decide
from safelight.server.cases.handling import take as take_case
from safelight.server.cases.models import Case, Decision
from safelight.server.ids import new_id
from safelight.server.ledger.models import LedgerRow
from safelight.server.people.roles import Role

pytestmark = pytest.mark.usefixtures("committing_db")
Make = Callable[..., Any]
PLACES = 6


@pytest.fixture
def stacked(arrive: Make, actor_with: Make, policy: Make) -> tuple[Any, Any, Any, list[Any]]:
    """Somebody with a case, its file, and where the same bytes are: there, and in cases that nobody has."""
    policy(stacks_across_cases=True)
    reviewer = actor_with(Role.REVIEWER)
    first = arrive()
    for number in range(PLACES):
        arrive() if number % 2 else arrive(account=f"another {number}")
    case = take_case(reviewer, first.membership.case)
    assess(reviewer, case, first.item, axes.Assessment(outcome=axes.Outcome.UNLAWFUL))
    decide(reviewer, case, first, Decision.Outcome.CONFIRMED)
    listed = [one.occurrence for one in equal_members(reviewer, case, first.item)]
    assert len(listed) == PLACES
    return reviewer, case, first.item, listed


def decisions() -> tuple[int, int, int]:
    """How many there are, in the table and on the ledger, and how many were spread."""
    rows = LedgerRow.objects.filter(event="decision.made").count()
    return Decision.objects.count(), rows, LedgerRow.objects.filter(event="decision.spread").count()


def _killed_at(step: int, act: Callable[[], object]) -> None:
    """Run in a process of its own that kills itself when it has decided about so many places."""
    connection.close()
    child = os.fork()
    if child == 0:
        decided, follow = 0, stacks.follow_equal

        def counting(*told: Any) -> Any:
            nonlocal decided
            if decided == step:
                os.kill(os.getpid(), signal.SIGKILL)
            decided += 1
            return follow(*told)

        stacks.follow_equal = counting
        try:
            act()
        finally:
            os.kill(os.getpid(), signal.SIGKILL)  # after the commit, before anybody hears of it
    _pid, status = os.waitpid(child, 0)
    assert os.WTERMSIG(status) == signal.SIGKILL


@pytest.mark.parametrize("step", [0, 3, PLACES - 1, PLACES])
def test_it_is_applied_exactly_once_under_kill_9(step: int, stacked: tuple[Any, Any, Any, list[Any]]) -> None:
    reviewer, case, item, listed = stacked
    id_ = new_id()
    act = partial(spread, reviewer, id_, case, item, listed)
    _killed_at(step, act)
    done = step == PLACES
    assert decisions() == ((PLACES + 1, PLACES + 1, 1) if done else (1, 1, 0))
    act()
    act()
    assert decisions() == (PLACES + 1, PLACES + 1, 1)
    assert Spread.objects.count() == 1
    # One answer in each case that it reached, and nothing there waits any more.
    assert StoredAssessment.objects.count() == 1 + PLACES // 2
    assert not Case.objects.filter(state=Case.State.OPEN).exists()


def test_the_same_form_sent_twice_at_once_is_one(stacked: tuple[Any, Any, Any, list[Any]]) -> None:
    reviewer, case, item, listed = stacked
    act = partial(spread, reviewer, new_id(), case, item, listed)
    assert at_once(act, act, act) == [None, None, None]
    assert decisions() == (PLACES + 1, PLACES + 1, 1)


def test_of_two_people_who_take_an_opinion_one_has_it(arrive: Make, actor_with: Make, policy: Make) -> None:
    policy(opinions="second")
    reviewer = actor_with(Role.REVIEWER)
    place = arrive()
    case = take_case(reviewer, place.membership.case)
    assess(reviewer, case, place.item, axes.Assessment())
    opinion = Opinion.objects.get()
    people = [actor_with(Role.REVIEWER) for _ in range(3)]
    outcomes = at_once(*(partial(take, person, Opinion.objects.get(pk=opinion.pk)) for person in people))
    assert [type(outcome) for outcome in outcomes].count(type(None)) == 1
    assert {type(outcome) for outcome in outcomes} == {type(None), NotOpen}
