"""Nothing is asserted that nobody found, and answers that contradict each other are refused."""

from __future__ import annotations

import pytest

from safelight.assessment.axes import (
    AXES,
    UNDETERMINED,
    AgeBand,
    Assessment,
    Basis,
    Certainty,
    Number,
    Origin,
    Outcome,
    RealChild,
    Severity,
    answers,
    read,
)
from safelight.errors import UsageError


def test_every_axis_has_undetermined_and_begins_with_it():
    for name, axis in AXES.items():
        assert axis(UNDETERMINED) is Assessment().axis(name)
    assert Assessment().origin_basis == frozenset()


def test_answers_read_back_as_they_were():
    told = Assessment(
        outcome=Outcome.UNLAWFUL, age=AgeBand.AGE_7_10, severity=Severity.EXHIBITION,
        origin=Origin.GENERATED, origin_certainty=Certainty.PROBABLE, origin_basis=frozenset({Basis.LIST}),
        real_child=RealChild.IDENTIFIED, answered={"uk": "C"},
    )  # fmt: skip
    assert read(answers(told), basis=frozenset({"list"}), uk="C") == told


def test_a_generated_file_may_depict_a_real_child():
    assert Assessment(origin=Origin.GENERATED, real_child=RealChild.IDENTIFIED)


@pytest.mark.parametrize(
    "wrong",
    [
        {"origin_certainty": Certainty.CERTAIN},
        {"origin_basis": frozenset({Basis.ANALYST})},
        {"outcome": Outcome.UNLAWFUL, "age": AgeBand.ADULT},
        {"number": Number.NONE, "age": AgeBand.AGE_3_6},
    ],
)
def test_contradictions_are_refused(wrong):
    with pytest.raises(UsageError):
        Assessment(**wrong)


@pytest.mark.parametrize("wrong", [{"outcome": "maybe"}, {"mood": "good"}])
def test_no_axis_and_no_answer_is_made_up(wrong):
    with pytest.raises(UsageError):
        read(wrong)


def test_people_differ_on_what_they_answered_differently():
    one = Assessment(outcome=Outcome.UNLAWFUL, severity=Severity.EXHIBITION)
    other = one.but(severity=Severity.UNDETERMINED, origin=Origin.CAPTURED)
    assert one.differs_on(other) == ("severity",)
    assert one.differs_on(other, tuple(AXES)) == ("severity", "origin")
