"""A decision reaches byte-identical files once and together; near pictures are each looked at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from safelight.assessment import axes
from safelight.assessment.axes import Outcome, Severity
from safelight.server.assessment import stacks
from safelight.server.assessment.errors import AssessmentError
from safelight.server.assessment.models import Spread
from safelight.server.assessment.services import assess, current
from safelight.server.assessment.stacks import equal_members, leading, same_as, spread, stack_of
from safelight.server.cases import decisions
from safelight.server.cases.decisions import decide, supersede
from safelight.server.cases.errors import NotInCase
from safelight.server.cases.handling import take
from safelight.server.cases.models import Case, Decision
from safelight.server.ids import new_id
from safelight.server.intake.models import Item, Occurrence
from safelight.types import Signal

pytestmark = pytest.mark.usefixtures("db")
Make = Callable[..., Any]
FOUND = axes.Assessment(outcome=Outcome.UNLAWFUL, severity=Severity.EXHIBITION)


def confirm(actor: Any, case: Case, item: Item) -> Decision:
    place = Occurrence.objects.filter(item=item, membership__case=case).order_by("pk").first()
    assert place is not None
    return decide(actor, case, place, Decision.Outcome.CONFIRMED)


def near(item: Item, keys: Any, value: int) -> None:
    """Have a picture's hash be this one."""
    seen = keys.open_observation(item.pk, item.observation)
    signals = (*seen.observation.signals, Signal("pdq", f"{value:064x}", 100))
    changed = replace(seen, observation=replace(seen.observation, signals=signals))
    item.observation = keys.seal_observation(item.pk, changed)
    item.save()


def test_the_same_file_in_a_case_is_decided_after_one_confirmation(
    case: Case, item: Item, reviewer: Any, arrive: Make
) -> None:
    arrive()
    arrive()
    assert equal_members(reviewer, case, item) == ()
    made = confirm(reviewer, case, item)
    listed = [one.occurrence for one in equal_members(reviewer, case, item)]
    assert len(listed) == 2
    id_ = new_id()
    spread(reviewer, id_, case, item, listed)
    assert equal_members(reviewer, case, item) == ()
    assert set(Decision.objects.values_list("outcome", "basis")) == {("confirmed", made.basis)}
    assert Decision.objects.count() == 3
    # The same form once more, as after a lost answer.
    assert spread(reviewer, id_, case, item, listed) == Spread.objects.get()
    assert Decision.objects.count() == 3


def test_a_reversal_reaches_where_the_decision_reached(
    case: Case, item: Item, reviewer: Any, arrive: Make
) -> None:
    again = arrive()
    made = confirm(reviewer, case, item)
    spread(reviewer, new_id(), case, item, [again.pk])
    supersede(reviewer, made, Decision.Outcome.DISMISSED, "looked again")
    (other,) = equal_members(reviewer, case, item)
    assert other.outcome == "confirmed"
    spread(reviewer, new_id(), case, item, [again.pk])
    last = Decision.objects.get(occurrence=again, superseded_by=None)
    assert (last.outcome, last.supersedes is not None) == ("dismissed", True)


def test_only_what_was_listed_and_is_still_so_is_decided(
    case: Case, item: Item, reviewer: Any, arrive: Make
) -> None:
    again = arrive()
    with pytest.raises(AssessmentError, match="Decide about the file first"):
        spread(reviewer, new_id(), case, item, [again.pk])
    confirm(reviewer, case, item)
    other = arrive(content=b"another file")
    for listed in ([], [other.pk], [again.pk, other.pk]):
        with pytest.raises(NotInCase):
            spread(reviewer, new_id(), case, item, listed)
    assert Decision.objects.count() == 1
    assert not Spread.objects.exists()


def test_other_cases_are_reached_where_the_policy_says_so_and_nobody_else_has_them(
    case: Case, item: Item, reviewer: Any, second: Any, arrive: Make, policy: Make
) -> None:
    free, theirs = arrive(account="u2"), arrive(account="u3")
    take(second, theirs.membership.case)
    assess(reviewer, case, item, FOUND)
    made = confirm(reviewer, case, item)
    assert equal_members(reviewer, case, item) == ()
    policy(stacks_across_cases=True)
    assert [one.occurrence for one in equal_members(reviewer, case, item)] == [free.pk]
    spread(reviewer, new_id(), case, item, [free.pk])
    assert current(free.membership.case, item) == FOUND
    assert Decision.objects.get(occurrence=free).case == free.membership.case
    assert made.basis == Decision.Basis.HASH_CONFIRMED
    assert not Decision.objects.filter(occurrence=theirs).exists()


def test_a_file_viewed_in_one_case_is_not_said_to_be_viewed_in_another(
    case: Case, item: Item, reviewer: Any, arrive: Make, policy: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy(stacks_across_cases=True)
    free = arrive(account="u2")
    monkeypatch.setattr(decisions, "has_viewed", lambda *_: True)
    assert confirm(reviewer, case, item).basis == Decision.Basis.VIEWED
    spread(reviewer, new_id(), case, item, [free.pk])
    assert Decision.objects.get(occurrence=free).basis == Decision.Basis.EQUAL_FILE


def test_near_pictures_are_stacked_and_others_are_not(
    case: Case, item: Item, reviewer: Any, arrive: Make, keys: Any
) -> None:
    close = arrive(content=b"nearly the same").item
    far = arrive(content=b"something else").item
    edge = arrive(content=b"near to the near one only").item
    near(item, keys, 0)
    near(close, keys, (1 << 31) - 1)
    near(far, keys, (1 << 128) - 1)
    near(edge, keys, (1 << 40) - 1)
    assert [(one.item, one.distance) for one in stack_of(reviewer, case, item).near] == [(close.pk, 31)]
    assert stack_of(reviewer, case, close).lead == item.pk
    assert stack_of(reviewer, case, far).near == ()
    assert stack_of(reviewer, case, edge).lead == edge.pk


def test_a_near_picture_is_decided_alike_once_it_was_shown_and_keeps_its_own_assessment(
    case: Case, item: Item, reviewer: Any, arrive: Make, keys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    close = arrive(content=b"nearly the same").item
    near(item, keys, 0)
    near(close, keys, 7)
    with pytest.raises(AssessmentError, match="the other picture first"):
        same_as(reviewer, case, close, item)
    assess(reviewer, case, item, FOUND)
    confirm(reviewer, case, item)
    assert equal_members(reviewer, case, item) == ()
    monkeypatch.setattr(stacks, "was_shown", lambda *_: False)
    with pytest.raises(AssessmentError, match="Look at this picture first"):
        same_as(reviewer, case, close, item)
    monkeypatch.setattr(stacks, "was_shown", lambda *_: True)
    made = same_as(reviewer, case, close, item)
    assert (made.outcome, made.basis) == ("confirmed", "shown_near")
    assert current(case, close) == FOUND
    assert leading(case, close) == made
    with pytest.raises(AssessmentError, match="not in one stack"):
        same_as(reviewer, case, item, item)
