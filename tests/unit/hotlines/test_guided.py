"""Any hotline with a form: described in a file, filled from the same typed report, never told twice."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from report_samples import BEFORE, legal_file, legal_report

from safelight.errors import UsageError
from safelight.hotlines import jurisdictions
from safelight.hotlines.guided.checklist import checklist
from safelight.hotlines.guided.description import guided, shipped
from safelight.hotlines.guided.facts import Fact, text_of
from safelight.hotlines.jurisdictions import CYBERTIPLINE, profile, reported_by_default, routes
from safelight.hotlines.model import FileDetails, IncidentSummary, IpEvent, Report, Reported
from safelight.types import ListClass

EMPTY = Report(summary=IncidentSummary(date_time=BEFORE))


@pytest.mark.parametrize("name", shipped())
def test_what_is_shipped_reads_and_says_how_sure_it_is(name: str) -> None:
    hotline = guided(name)
    assert hotline.confidence in "ABCDU"
    assert hotline.as_of
    assert hotline.law


def test_the_uk_portal_and_a_generic_one_are_shipped() -> None:
    assert shipped() == ("generic", "uk_nca")
    nca = guided("uk_nca")
    assert nca.confidence == "C"
    assert [tier.within_hours for tier in nca.tiers] == [0, None, None]
    assert nca.keep_reference_days >= 5 * 365 + 1


@pytest.mark.parametrize("fact", Fact)
def test_every_fact_is_read_from_a_full_report_and_none_from_an_empty_one(fact: Fact) -> None:
    details = replace(legal_file(), location="https://example.org/f")
    assert text_of(fact, legal_report(), [details])
    known = {Fact.INCIDENT_TYPE, Fact.INCIDENT_TIME}
    assert bool(text_of(fact, EMPTY, [])) == (fact in known)


def test_addresses_ports_and_times_are_written_so_that_they_can_be_traced() -> None:
    events = (IpEvent(ip_address="2001:db8::1", port=443, date_time=BEFORE), IpEvent(ip_address="192.0.2.1"))
    report = replace(EMPTY, reported=(Reported(ip_events=events),))
    assert text_of(Fact.IP_EVENTS, report, []) == "[2001:db8::1]:443, 2026-09-22T12:00:00Z\n192.0.2.1"


def test_what_nobody_looked_at_is_told_as_not_stated() -> None:
    files = [FileDetails(), FileDetails(viewed_by_esp=False), FileDetails(viewed_by_esp=True)]
    said = text_of(Fact.VIEWED, EMPTY, files).splitlines()
    assert said == [
        "file 1: not stated",
        "file 2: nobody viewed all of it",
        "file 3: a person viewed all of it",
    ]


def test_the_checklist_has_the_forms_order_and_says_what_is_missing_or_too_long(tmp_path: Path) -> None:
    (tmp_path / "ours.toml").write_text(
        'name = "ours"\ntitle = "Ours"\ncountry = "FR"\nlaw = "l"\nsays = "s"\nconfidence = "D"\n'
        'as_of = "2026-11"\nreference_says = "r"\npreserve_days = 366\nkeep_reference_days = 366\n'
        '[[fields]]\nname = "b"\ntitle = "Account"\nfact = "account_id"\nneeded = true\nmost = 3\n'
        '[[fields]]\nname = "a"\ntitle = "Note"\n'
    )  # fmt: skip
    hotline = guided("ours", tmp_path)
    missing = checklist(hotline, EMPTY)
    assert [line.field.name for line in missing.lines] == ["b", "a"]
    assert [(one.rule, one.field) for one in missing.findings()] == [("form-needs", "b")]
    assert missing.score == 0
    long = checklist(hotline, replace(EMPTY, reported=(Reported(esp_identifier="user"),)))
    assert [(one.rule, one.field) for one in long.findings()] == [("form-too-long", "b")]
    assert long.score == 100


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        ("not toml", "not valid TOML"),
        ('name = "x"', "not valid"),
        ("", "not valid"),
    ],
)
def test_a_broken_description_says_what_to_mend(broken: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_text(broken)
    with pytest.raises(UsageError, match=says):
        guided("x", tmp_path)


def test_an_unknown_hotline_names_those_there_are() -> None:
    with pytest.raises(UsageError, match="generic, uk_nca"):
        guided("nowhere")


@pytest.mark.parametrize("name", jurisdictions.shipped())
def test_every_shipped_profile_tells_somebody_who_exists(name: str) -> None:
    for route in routes(profile(name)):
        assert route.hotline in (CYBERTIPLINE, *shipped())
        assert all(duty.preserve_days >= 365 for duty in route.duties)


def test_two_authorities_that_share_are_not_told_twice() -> None:
    (only,) = routes(profile("us_and_uk"))
    assert only.hotline == CYBERTIPLINE
    assert [duty.name for duty in only.duties] == ["us_2258a", "uk_osa_66"]


def test_authorities_that_do_not_share_are_each_told(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    duty = '[[duties]]\nname = "{0}"\nlaw = "l"\nhotlines = ["{1}"]\npreserve_days = 366\nconfidence = "U"\n'
    path.write_text(
        'name = "mine"\ntitle = "t"\nsays = "s"\n'
        + duty.format("a", "cybertipline")
        + duty.format("b", "generic")
    )
    assert [route.hotline for route in routes(profile(str(path)))] == ["cybertipline", "generic"]
    with pytest.raises(UsageError, match="us_and_uk"):
        profile("atlantis")


C = ListClass


@pytest.mark.parametrize(
    ("classes", "rehearsal", "goes"),
    [
        ([C.CSAM], False, True),
        ([C.AI_CSAM], False, True),
        ([], False, True),
        ([C.CSAM, C.NCII], False, True),
        ([C.EXPLOITATIVE], False, False),
        ([C.NCII], False, False),
        ([C.MODEL], False, False),
        ([C.SELF_REPORTED], False, False),
        ([C.KNOWN_GOOD], False, True),
        ([C.TEST], False, False),
        ([C.TEST, C.CSAM], False, False),
        ([C.TEST], True, True),
        ([C.TEST, C.CSAM], True, False),
        ([C.CSAM], True, False),
        ([], True, False),
    ],
)
def test_what_goes_with_a_report_by_default(classes: list[ListClass], rehearsal: bool, goes: bool) -> None:
    assert reported_by_default(classes, rehearsal=rehearsal) is goes
