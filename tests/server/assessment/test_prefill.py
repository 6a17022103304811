"""Trusted lists answer what they leave no choice about, of equal files only, and it is marked so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from safelight.assessment.axes import Assessment, Basis, Origin, Severity
from safelight.server.assessment.prefill import NOTHING, prefill
from safelight.server.assessment.services import assess
from safelight.server.intake.models import Item
from safelight.types import ListClass, Match, Part, Signal

pytestmark = pytest.mark.usefixtures("db")


@pytest.fixture
def matched(item: Item, keys: Any) -> Callable[..., None]:
    """Have the item match these, each given as list, classification and what differs."""

    def match(*told: tuple[str, str | None, dict[str, Any]]) -> None:
        seen = keys.open_observation(item.pk, item.observation)
        sha256 = Signal("sha256", "00" * 32)
        made = tuple(
            replace(Match(sha256, name, ListClass.CSAM, "1", classification), **other)
            for name, classification, other in told
        )
        signals = tuple(dict.fromkeys(match.signal for match in made))
        changed = replace(seen, observation=replace(seen.observation, signals=signals, matches=made))
        item.observation = keys.seal_observation(item.pk, changed)
        item.save()

    return match


def test_nothing_is_taken_over_from_a_list_that_the_operator_does_not_trust(
    item: Item, matched: Callable[..., None]
) -> None:
    matched(("hotline", "A", {}))
    assert prefill(item) == NOTHING


def test_a_code_answers_what_every_rule_for_it_agrees_on(
    item: Item, matched: Callable[..., None], policy: Callable[..., None]
) -> None:
    policy(trusted_lists={"hotline": "uk", "partner": "industry"})
    matched(("hotline", "A", {}), ("other", "B", {}))
    known = prefill(item)
    assert (known.told.severity, known.axes, known.lists) == (
        Severity.PENETRATIVE, {"severity"}, ("hotline",),
    )  # fmt: skip
    # A1 stands for two act classes and three ages: it answers neither, and is kept as a given code.
    matched(("partner", "A1", {}))
    known = prefill(item)
    assert known.axes == frozenset()
    assert known.told == Assessment(answered={"industry": "A1"})


def test_a_list_of_generated_material_says_the_origin_and_that_it_says_so(
    item: Item, matched: Callable[..., None], policy: Callable[..., None]
) -> None:
    policy(trusted_lists={"hotline": "uk"})
    matched(("hotline", None, {"list_class": ListClass.AI_CSAM}))
    known = prefill(item)
    assert (known.told.origin, known.told.origin_basis) == (Origin.GENERATED, {Basis.LIST})


@pytest.mark.parametrize(
    "unequal",
    [
        {"signal": Signal("pdq", "00" * 32)},
        {"signal": Signal("sha256", "00" * 32, part=Part(("inner.png",)))},
        {"signal": Signal("md5", "00" * 16)},
        {"shadow": True},
    ],
)
def test_likeness_and_parts_answer_nothing(
    unequal: dict[str, Any], item: Item, matched: Callable[..., None], policy: Callable[..., None]
) -> None:
    policy(trusted_lists={"hotline": "uk"})
    matched(("hotline", "A", unequal))
    assert prefill(item) == NOTHING


def test_lists_that_disagree_answer_nothing_where_they_do(
    item: Item, matched: Callable[..., None], policy: Callable[..., None]
) -> None:
    policy(trusted_lists={"one": "uk", "two": "uk"})
    matched(("one", "A", {}), ("two", "B", {}))
    assert prefill(item).axes == frozenset()


def test_what_a_list_answered_is_marked_until_the_person_changes_it(
    case: Any, item: Item, reviewer: Any, matched: Callable[..., None], policy: Callable[..., None]
) -> None:
    policy(trusted_lists={"hotline": "uk"})
    matched(("hotline", "A", {}))
    known = prefill(item).told
    assert assess(reviewer, case, item, known).prefilled == ["severity"]
    assert assess(reviewer, case, item, known.but(severity=Severity.NONE)).prefilled == []
