"""How much an investigator would miss: told with each gap and where to fill it."""

from __future__ import annotations

from dataclasses import replace

from report_samples import BEFORE, legal_file, legal_report

from safelight.hotlines.completeness import completeness
from safelight.hotlines.model import Chat, EventName, FileDetails, IncidentSummary, IpEvent, Report, Reported

EMPTY = Report(summary=IncidentSummary(date_time=BEFORE))


def test_a_full_report_misses_nothing() -> None:
    upload = IpEvent(ip_address="192.0.2.1", event_name=EventName.UPLOAD)
    details = replace(legal_file(), ip_event=upload)
    told = completeness(legal_report(), [details], follows_earlier=True)
    assert (told.score, told.gaps) == (100, ())


def test_an_empty_one_misses_first_what_leads_to_a_person() -> None:
    told = completeness(EMPTY, [FileDetails()])
    assert told.score == 0
    assert told.gaps[0].field == "reported[0].ip_events"
    assert [gap.weight for gap in told.gaps] == sorted((gap.weight for gap in told.gaps), reverse=True)


def test_an_address_without_time_and_port_is_told_as_half_the_way() -> None:
    report = replace(EMPTY, reported=(Reported(ip_events=(IpEvent(ip_address="192.0.2.1"),)),))
    fields = {gap.field for gap in completeness(report).gaps}
    assert {"reported[0].ip_events[0].date_time", "reported[0].ip_events[0].port"} <= fields
    assert "reported[0].ip_events" not in fields


def test_without_a_file_the_words_are_asked_for_and_nothing_about_files() -> None:
    fields = {gap.field for gap in completeness(EMPTY).gaps}
    assert "internet_details[0].content" in fields
    assert not any(field.startswith("files") for field in fields)
    said = replace(EMPTY, internet_details=(Chat(content="…"),))
    assert "internet_details[0].content" not in {gap.field for gap in completeness(said).gaps}


def test_an_earlier_report_should_be_named() -> None:
    gaps = completeness(EMPTY, follows_earlier=True).gaps
    assert "reported[0].prior_reports" in {gap.field for gap in gaps}


def test_what_is_not_stated_about_viewing_is_a_gap_and_either_statement_closes_it() -> None:
    def missing(viewed: bool | None) -> bool:
        gaps = completeness(EMPTY, [FileDetails(viewed_by_esp=viewed)]).gaps
        return "files[0].viewed_by_esp" in {gap.field for gap in gaps}

    assert missing(None)
    assert not missing(True)
    assert not missing(False)
