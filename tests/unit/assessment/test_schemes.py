"""Codes follow from the axes exactly where a rule is total; everywhere else the person is asked."""

from __future__ import annotations

from itertools import product

import pytest

from safelight.assessment.axes import AgeBand, Assessment, Severity
from safelight.assessment.schemes import INDUSTRY, UK, asked, built_in, derive, load_schemes, read_scheme
from safelight.errors import UsageError

CHILD = set(AgeBand) - {AgeBand.ADULT, AgeBand.UNDETERMINED}
YOUNG = {AgeBand.AGE_0_2, AgeBand.AGE_3_6, AgeBand.AGE_7_10}
OLDER = {AgeBand.AGE_14_15, AgeBand.AGE_16_17}
ACT = {Severity.PENETRATIVE, Severity.NON_PENETRATIVE}

MINIMAL = """
schema = "safelight.scheme/1"
id = "ours"
version = "2026-11"
title = "Ours"
source = "We"
codes = { X = "x", Y = "y" }
"""


def uk_by_hand(severity: Severity, age: AgeBand) -> str:
    """``ask``, ``none`` or the code, written down apart from the file."""
    if age is AgeBand.ADULT:
        return "none"
    if Severity.UNDETERMINED is severity or age is AgeBand.UNDETERMINED:
        return "ask"
    codes = {
        "penetrative": "A",
        "non_penetrative": "B",
        "exhibition": "C",
        "other_indecent": "C",
        "none": "none",
    }
    return codes[severity.value]


def industry_by_hand(severity: Severity, age: AgeBand) -> str:
    if age is AgeBand.ADULT:
        return "none"
    if Severity.UNDETERMINED is severity or age is AgeBand.UNDETERMINED:
        return "ask"
    if severity in {Severity.OTHER_INDECENT, Severity.NONE}:
        return "none"
    if age is AgeBand.AGE_11_13:
        return "ask"
    return ("A" if age in YOUNG else "B") + ("1" if severity in ACT else "2")


@pytest.mark.parametrize(("severity", "age"), list(product(Severity, AgeBand)))
def test_every_answer_gives_the_code_the_scale_gives_or_asks(severity, age):
    told = Assessment(severity=severity, age=age)
    codes, asks = derive(told), {scheme.id for scheme in asked(told)}
    for scheme, by_hand in ((UK, uk_by_hand), (INDUSTRY, industry_by_hand)):
        expected = by_hand(severity, age)
        assert codes[scheme] == (expected if expected not in {"ask", "none"} else None)
        assert (scheme in asks) == (expected == "ask")


def test_what_was_asked_counts_only_where_it_had_to_be():
    told = Assessment(
        severity=Severity.EXHIBITION, age=AgeBand.AGE_11_13, answered={"industry": "B2", "uk": "A"}
    )
    assert derive(told) == {UK: "C", INDUSTRY: "B2"}
    assert derive(told.but(answered={"industry": "Z9"}))[INDUSTRY] is None


def test_an_operators_file_wins_by_its_id_and_others_are_added(tmp_path):
    (tmp_path / "one.toml").write_text(MINIMAL)
    (tmp_path / "uk.toml").write_text(MINIMAL.replace('"ours"', '"uk"').replace("2026-11", "2"))
    loaded = {scheme.id: scheme for scheme in load_schemes(tmp_path)}
    assert set(loaded) == {"uk", "industry", "ours"}
    assert loaded[UK].version == "2"
    assert derive(Assessment(), loaded.values())[loaded["ours"].id] is None
    assert loaded["ours"] in asked(Assessment(), loaded.values())


def test_without_a_directory_there_are_those_that_ship(tmp_path):
    assert load_schemes(tmp_path / "none") == built_in()


@pytest.mark.parametrize(
    ("added", "told"),
    [
        ('[[rules]]\ncode = "X"\nage = ["0-2"]\n[[rules]]\ncode = "Y"\nseverity = ["none"]\n', "overlap"),
        ('[[rules]]\ncode = "Z"\nage = ["0-2"]\n', "not among the codes"),
        ('[[rules]]\ncode = "X"\n', "names no axis"),
        ('[[rules]]\ncode = "X"\nmood = ["good"]\n', "no axis mood"),
        ('[[rules]]\ncode = "X"\nage = ["undetermined"]\n', "no answer undetermined"),
        ('[[rules]]\ncode = "X"\nage = "0-2"\n', "not a scheme"),
        ("mistyped = 1\n", "not a scheme"),
        ("[[", "not a scheme"),
    ],
)
def test_a_file_that_would_mislead_is_refused_with_why(added, told):
    with pytest.raises(UsageError, match=told):
        read_scheme(MINIMAL + added)


def test_two_files_of_one_scheme_are_refused(tmp_path):
    for name in ("a.toml", "b.toml"):
        (tmp_path / name).write_text(MINIMAL)
    with pytest.raises(UsageError, match="same scheme"):
        load_schemes(tmp_path)
