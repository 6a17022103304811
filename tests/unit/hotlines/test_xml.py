"""What is built is what the hotline's own schema takes: every field, every variant, every annotation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from xml.etree.ElementTree import Element, fromstring

import pytest
from hypothesis import HealthCheck, given, settings
from report_samples import (
    AT,
    BEFORE,
    PHASES,
    VARIANTS,
    files,
    full,
    full_report,
    legal_file,
    legal_report,
    reports,
)

from safelight.errors import ReportInvalid
from safelight.hotlines import codes
from safelight.hotlines.cybertipline.schema import Schema
from safelight.hotlines.cybertipline.xml import file_details_xml, report_xml
from safelight.hotlines.model import (
    Chat,
    FileDetails,
    FileFlag,
    IncidentSummary,
    IncidentType,
    Report,
    ReportFlag,
)
from safelight.hotlines.preflight import check, stops
from safelight.hotlines.stored import (
    details_from_json,
    details_to_json,
    report_from_json,
    report_to_json,
)

XS = "{http://www.w3.org/2001/XMLSchema}"
ANSWERS = {"reportResponse", "reportDoneResponse"}
MINIMAL = Report(summary=IncidentSummary(date_time=BEFORE))


def details_xml(details: FileDetails) -> bytes:
    return file_details_xml(details, report_id=7, file_id="0" * 32)


def refused(schema: Schema, body: bytes) -> list[str]:
    return [finding.says for finding in schema.refusals(body, Report)]


def test_the_least_report_is_valid(schema: Schema) -> None:
    assert refused(schema, report_xml(MINIMAL)) == []
    assert refused(schema, details_xml(FileDetails())) == []


def test_a_report_with_every_field_is_valid(schema: Schema) -> None:
    assert refused(schema, report_xml(full_report())) == []
    details = full(FileDetails)
    assert refused(schema, details_xml(replace(details, potential_meme=None))) == []
    assert refused(schema, details_xml(replace(details, annotations=frozenset()))) == []


@pytest.mark.parametrize("variant", VARIANTS)
def test_each_kind_of_place_is_valid_full_and_empty(variant: type, schema: Schema) -> None:
    for place in (variant(), full(variant)):
        assert refused(schema, report_xml(replace(MINIMAL, internet_details=(place,)))) == []


@pytest.mark.parametrize("kind", IncidentType)
def test_each_incident_type_is_valid(kind: IncidentType, schema: Schema) -> None:
    report = Report(summary=IncidentSummary(incident_type=kind, date_time=BEFORE))
    assert refused(schema, report_xml(report)) == []


@pytest.mark.parametrize("flag", [*(f for f in ReportFlag if f not in codes.NEWER_FLAGS), *FileFlag], ids=str)
def test_each_annotation_is_valid(flag: ReportFlag | FileFlag, schema: Schema) -> None:
    if isinstance(flag, ReportFlag):
        summary = IncidentSummary(date_time=BEFORE, annotations=frozenset({flag}))
        body = report_xml(Report(summary=summary))
    else:
        body = details_xml(FileDetails(annotations=frozenset({flag})))
    assert refused(schema, body) == []
    assert f"<{flag}>true</{flag}>".encode() in body


def test_nothing_that_the_schema_knows_is_left_out(schema_bytes: bytes) -> None:
    """Element and attribute names of the schema against those of the fullest report and file."""
    root = fromstring(schema_bytes)
    known = set(_names(root, "element")) - ANSWERS - _inside_answers(root)
    batched = replace(full_report(), batched=full_report().batched)
    details = full(FileDetails)
    built = [fromstring(report_xml(batched)), fromstring(details_xml(details))]
    told = {element.tag for one in built for element in one.iter()}
    assert known - told == set()
    attributes = {name for one in built for element in one.iter() for name in element.attrib}
    assert set(_names(root, "attribute")) - attributes == set()


def test_the_codes_are_those_of_the_schema(schema_bytes: bytes) -> None:
    root = fromstring(schema_bytes)

    def of(name: str) -> set[str]:
        kind = next(one for one in root.iter(f"{XS}simpleType") if one.get("name") == name)
        return {one.get("value") or "" for one in kind.iter(f"{XS}enumeration")}

    assert of("country") - {""} == codes.COUNTRIES
    assert of("state") - {""} == codes.US_STATES
    for name, enum in {
        "incidentType": codes.IncidentType, "fileRelevance": codes.FileRelevance,
        "fileClassification": codes.IndustryClassification, "addressType": codes.AddressType,
        "phoneType": codes.PhoneType, "emailType": codes.EmailType, "ipCaptureType": codes.EventName,
        "associatedAccountType": codes.AssociatedType, "metadataTypes": codes.DetailsType,
        "batchedReportReason": codes.BatchedReason,
    }.items():  # fmt: skip
        assert of(name) == {str(member) for member in enum}, name


@settings(max_examples=40, deadline=None, phases=PHASES, suppress_health_check=list(HealthCheck))
@given(report=reports())
def test_reports_that_keep_the_rules_pass_and_are_valid(report: Report, schema: Schema) -> None:
    assert not stops(check(report, at=AT)), check(report, at=AT)
    assert refused(schema, report_xml(report)) == []
    assert report_from_json(report_to_json(report)) == report


@settings(max_examples=40, deadline=None, phases=PHASES, suppress_health_check=list(HealthCheck))
@given(details=files())
def test_files_that_keep_the_rules_pass_and_are_valid(details: FileDetails, schema: Schema) -> None:
    found = check(legal_report(), [details], at=AT, shares_hashes=True, schema=schema)
    assert not stops(found), found
    assert refused(schema, details_xml(details)) == []
    assert details_from_json(details_to_json(details)) == details


def test_the_fullest_legal_report_passes(schema: Schema) -> None:
    found = check(legal_report(), [legal_file()], at=AT, shares_hashes=True, schema=schema)
    assert found == ()


def test_what_says_no_is_left_out() -> None:
    assert b"reportAnnotations" not in report_xml(MINIMAL)
    assert b"false" not in report_xml(MINIMAL)


def test_a_statement_of_no_is_told_as_one() -> None:
    assert b"<fileViewedByEsp>false</fileViewedByEsp>" in details_xml(FileDetails(viewed_by_esp=False))
    assert b"fileViewedByEsp" not in details_xml(FileDetails())


def test_words_are_escaped_and_come_back_as_they_were() -> None:
    words = 'a<b>&"c"]]> \t ß 中 😀'
    body = report_xml(replace(MINIMAL, internet_details=(Chat(content=words),)))
    assert fromstring(body).findtext(".//content") == words


@pytest.mark.parametrize("unfit", ["\x00", "\x0b", "\ufffe", "\ud800"])
def test_what_xml_cannot_carry_is_refused_and_never_sent(unfit: str) -> None:
    report = replace(MINIMAL, additional_info=f"a{unfit}b")
    with pytest.raises(ReportInvalid):
        report_xml(report)
    assert any(one.rule == "control-character" for one in check(report, at=AT))


def test_times_carry_their_zone(schema: Schema) -> None:
    odd = timezone(timedelta(minutes=19, seconds=32))
    for at, said in [
        (BEFORE, b"2026-09-22T12:00:00Z"),
        (BEFORE.astimezone(timezone(timedelta(hours=-5))), b"2026-09-22T07:00:00-05:00"),
        (datetime(2026, 9, 22, 12, 19, 32, tzinfo=odd), b"2026-09-22T12:00:00Z"),
    ]:
        body = report_xml(Report(summary=IncidentSummary(date_time=at)))
        assert said in body
        assert refused(schema, body) == []
    with pytest.raises(ReportInvalid):
        report_xml(Report(summary=IncidentSummary(date_time=datetime(2026, 1, 1))))  # noqa: DTZ001


def _names(root: Element, kind: str) -> Iterator[str]:
    for one in root.iter(f"{XS}{kind}"):
        if name := one.get("name"):
            yield name


def _inside_answers(root: Element) -> set[str]:
    answers = [one for one in root if one.get("name") in ANSWERS]
    others = {name for one in root if one.get("name") not in ANSWERS for name in _names(one, "element")}
    return {name for one in answers for name in _names(one, "element")} - others
