"""What a form shows is what the report says, and what comes back unchanged is the same report."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from report_samples import BEFORE, PHASES, files, full_report, reports

from safelight.hotlines.forms import Entry, Kind, entries_of, entries_of_field, read_field, read_part
from safelight.hotlines.model import FileDetails, IncidentSummary, Report, Reported, Victim

EMPTY = Report(summary=IncidentSummary(date_time=BEFORE))


def posted(entries: tuple[Entry, ...]) -> dict[str, list[str]]:
    """What a browser sends of a form that nobody touched."""
    sent: dict[str, list[str]] = {}
    for entry in entries:
        if entry.kind is Kind.ADD:
            continue
        if entry.values:
            sent[entry.name] = [value.replace("\n", "\r\n") for value in entry.values]
        sent |= posted(entry.entries)
    return sent


def again(part: Any) -> Any:
    read = read_part(type(part), posted(entries_of(part)))
    assert read.wrong == {}
    return read.part


def test_the_fullest_report_comes_back_as_it_was() -> None:
    assert again(full_report()) == full_report()
    assert again(EMPTY) == EMPTY


@settings(max_examples=25, deadline=None, phases=PHASES, suppress_health_check=list(HealthCheck))
@given(report=reports())
def test_a_form_that_nobody_touched_changes_nothing(report: Report) -> None:
    assert again(report) == report


@settings(max_examples=25, deadline=None, phases=PHASES, suppress_health_check=list(HealthCheck))
@given(details=files())
def test_nor_does_that_of_a_file(details: FileDetails) -> None:
    assert again(details) == details


def test_a_record_is_added_and_taken_out() -> None:
    added = read_part(Report, posted(entries_of(EMPTY)) | {"add": ["reported"]}).part
    assert added.reported == (Reported(),)
    sent = posted(entries_of(added))
    deeper = read_part(Report, sent | {"add": ["reported[0].ip_events"]}).part
    assert len(deeper.reported[0].ip_events) == 1
    gone = read_part(Report, posted(entries_of(deeper)) | {"remove": ["reported[0].ip_events[0]"]}).part
    assert gone == added


def test_of_three_the_middle_one_is_taken_out() -> None:
    three = replace(EMPTY, victims=tuple(Victim(esp_identifier=name) for name in "abc"))
    left = read_field(
        Report, "victims", posted(entries_of_field(three, "victims")) | {"remove": ["victims[1]"]}
    )
    assert [one.esp_identifier for one in left.part] == ["a", "c"]


def test_a_place_is_added_by_its_kind() -> None:
    sent = {"add": ["internet_details"], "internet_details:kind": ["chatImIncident"]}
    (place,) = read_field(Report, "internet_details", sent).part
    assert place.kind == "chatImIncident"
    assert read_field(Report, "internet_details", sent | {"internet_details:kind": ["other"]}).part == ()


def test_an_optional_record_can_be_there_and_empty() -> None:
    there = read_field(Report, "law_enforcement", {"add": ["law_enforcement"]}).part
    assert there.agency_name == ""
    assert read_field(Report, "law_enforcement", {}).part is None


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("summary.date_time", "yesterday"),
        ("summary.incident_type", "other"),
        ("reported[0].person.age", "old"),
        ("reported[0].person.date_of_birth", "1.1.2000"),
        ("reported[0].compromised_account", "perhaps"),
    ],
)
def test_what_cannot_be_read_is_told_at_its_place(name: str, text: str) -> None:
    sent = posted(entries_of(full_report())) | {name: [text]}
    read = read_part(Report, sent)
    assert list(read.wrong) == [name]
    assert text not in read.wrong[name]


def test_a_time_without_a_zone_is_utc_as_the_form_says() -> None:
    sent = posted(entries_of(EMPTY)) | {"summary.date_time": ["2026-01-02T03:04"]}
    assert read_part(Report, sent).part.summary.date_time.isoformat() == "2026-01-02T03:04:00+00:00"


def test_what_no_person_fills_in_stays_as_it_was() -> None:
    details = FileDetails(viewed_by_esp=True)
    hidden = frozenset({"viewed_by_esp"})
    entries = entries_of(details, hidden=hidden)
    assert "viewed_by_esp" not in {entry.name for entry in entries}
    sent = posted(entries) | {"viewed_by_esp": ["no"]}
    assert read_part(FileDetails, sent, keep={"viewed_by_esp": True}).part == details
