"""Each rule is broken once, and caught at the field to mend, before anything is sent."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from report_samples import AT, BEFORE, legal_file, legal_report

from safelight import hotlines
from safelight.hotlines.cybertipline.schema import Schema
from safelight.hotlines.findings import in_words
from safelight.hotlines.model import (
    Address,
    AssociatedAccount,
    Batched,
    Chat,
    Email,
    EmailIncident,
    EstimatedLocation,
    FileDetails,
    FileFlag,
    FileHash,
    FileRelevance,
    IndustryClassification,
    IpEvent,
    LawEnforcement,
    Metadata,
    Newsgroup,
    PermanentlyDisabled,
    Person,
    Phone,
    Report,
    Reported,
    ReportFlag,
    ServedInternationally,
    TemporarilyDisabled,
    WebPage,
)
from safelight.hotlines.preflight import check, stops

LATER = AT + timedelta(seconds=1)
ME = Person(emails=(Email(address="reports@example.org"),))


def base(**changes: Any) -> Report:
    report = legal_report()
    plain = Report(
        summary=replace(report.summary, escalate=None), reporter=replace(report.reporter, reporting_person=ME)
    )
    return replace(plain, **changes)


def reported(**told: Any) -> Report:
    return base(reported=(Reported(esp_identifier="u1", **told),))


def summary(**told: Any) -> Report:
    return base(summary=replace(base().summary, **told))


def person(**told: Any) -> Report:
    return reported(person=Person(**told))


VIRAL = FileDetails(annotations=frozenset({FileFlag.VIRAL}))
ONE = (Reported(esp_identifier="u1"),)
BATCH = base(batched=Batched(), reported=(*ONE, Reported(esp_identifier="u2")))

BROKEN: list[tuple[str, str, Report]] = [
    # one value by itself
    ("future", "summary.date_time", summary(date_time=LATER)),
    ("future", "reported[0].person.date_of_birth", person(date_of_birth=(AT + timedelta(days=1)).date())),
    ("no-zone", "summary.date_time", summary(date_time=datetime(2026, 1, 1))),  # noqa: DTZ001
    ("out-of-range", "reported[0].person.age", person(age=151)),
    (
        "out-of-range",
        "reported[0].ip_events[0].port",
        reported(ip_events=(IpEvent(ip_address="::1", port=0),)),
    ),
    ("out-of-range", "reported[0].prior_reports[0]", reported(prior_reports=(0,))),
    ("blank", "summary.escalate", summary(escalate=" ")),
    ("blank", "law_enforcement.agency_name", base(law_enforcement=LawEnforcement(agency_name=""))),
    ("control-character", "additional_info", base(additional_info="a\x07")),
    ("too-long", "summary.platform", summary(platform="x" * 257)),
    ("too-long", "summary.escalate", summary(escalate="x" * 3001)),
    ("too-long", "reported[0].esp_identifier", base(reported=(Reported(esp_identifier="x" * 256),))),
    ("not-a-url", "internet_details[0].urls[0]", base(internet_details=(WebPage(urls=("example.org",)),))),
    (
        "not-a-url",
        "reporter.legal_url",
        base(reporter=replace(base().reporter, legal_url="http://a b.example/")),
    ),
    ("unknown-code", "reported[0].person.addresses[0].country", person(addresses=(Address(country="XX"),))),
    ("newer-than-schema", "summary.annotations", summary(annotations=frozenset({ReportFlag.INFORMATIONAL}))),
    (
        "newer-than-schema",
        "reported[0].person.age_assertion_discrepancy",
        person(age_assertion_discrepancy=True),
    ),
    # several together
    ("reporter-email", "reporter.reporting_person.emails", Report(summary=base().summary)),
    ("one-reported", "reported[1]", base(reported=ONE * 2)),
    (
        "email-of-nobody",
        "internet_details[0].emails[0].address",
        base(internet_details=(EmailIncident(emails=(Email(address="a@b.example"),)),)),
    ),
    (
        "email-of-nobody",
        "internet_details[0].emails[0].address",
        base(internet_details=(Newsgroup(emails=(Email(address="a@b.example"),)),)),
    ),
    (
        "calling-code",
        "reported[0].person.phones[0].country_calling_code",
        person(phones=(Phone(number="1", country_calling_code="44"),)),
    ),
    (
        "calling-code-twice",
        "reported[0].person.phones[0].number",
        person(phones=(Phone(number="+44 7700 900123", country_calling_code="+44"),)),
    ),
    (
        "extension",
        "reported[0].person.phones[0].extension",
        person(phones=(Phone(number="1", extension="x"),)),
    ),
    (
        "verification",
        "reported[0].person.phones[0].verified",
        person(phones=(Phone(number="1", verification_date=BEFORE),)),
    ),
    (
        "verification",
        "reported[0].person.emails[0].verified",
        person(emails=(Email(address="a@b.example", verified=False, verification_date=BEFORE),)),
    ),
    ("not-an-email", "reported[0].person.emails[0].address", person(emails=(Email(address="nobody"),))),
    (
        "local-part-too-long",
        "reported[0].person.emails[0].address",
        person(emails=(Email(address="x" * 65 + "@b.example"),)),
    ),
    (
        "not-an-ip",
        "reported[0].ip_events[0].ip_address",
        reported(ip_events=(IpEvent(ip_address="192.0.2.256"),)),
    ),
    (
        "notified",
        "reported[0].permanently_disabled.user_notified",
        reported(permanently_disabled=PermanentlyDisabled(user_notified_date=BEFORE)),
    ),
    (
        "notified-before",
        "reported[0].temporarily_disabled.user_notified_date",
        reported(
            temporarily_disabled=TemporarilyDisabled(
                disabled_date=BEFORE, user_notified=True, user_notified_date=BEFORE - timedelta(seconds=1)
            )
        ),
    ),
    (
        "reenabled-before",
        "reported[0].temporarily_disabled.reenabled_date",
        reported(temporarily_disabled=TemporarilyDisabled(disabled_date=BEFORE, reenabled_date=BEFORE)),
    ),
    (
        "age-twice",
        "reported[0].associated_accounts[0].approximate_age",
        reported(associated_accounts=(AssociatedAccount(approximate_age=40, date_of_birth=BEFORE.date()),)),
    ),
    (
        "location-country",
        "reported[0].estimated_location.country_code",
        reported(estimated_location=EstimatedLocation(city="Lyon")),
    ),
    (
        "us-region",
        "reported[0].estimated_location.region",
        reported(estimated_location=EstimatedLocation(city="Reno", country_code="US")),
    ),
    (
        "us-region",
        "reported[0].estimated_location.region",
        reported(estimated_location=EstimatedLocation(region="Nevada", country_code="US")),
    ),
    (
        "state-abroad",
        "reported[0].person.addresses[0].state",
        person(addresses=(Address(state="CA", country="FR"),)),
    ),
    (
        "flea-country",
        "law_enforcement.served_international.flea_country",
        base(law_enforcement=LawEnforcement(agency_name="a", served_international=ServedInternationally())),
    ),
    # the batched mode
    ("batched-forbids", "summary.escalate", replace(BATCH, summary=replace(BATCH.summary, escalate="now"))),
    ("batched-forbids", "internet_details", replace(BATCH, internet_details=(Chat(),))),
    ("batched-forbids", "law_enforcement", replace(BATCH, law_enforcement=LawEnforcement(agency_name="a"))),
    ("batched-forbids", "recipients", replace(BATCH, recipients=legal_report().recipients)),
    ("batched-forbids", "victims", replace(BATCH, victims=legal_report().victims)),
    ("batched-forbids", "additional_info", replace(BATCH, additional_info="more")),
    (
        "batched-identifier-only",
        "reported[0]",
        replace(BATCH, reported=(Reported(esp_identifier="u", screen_name="s"),)),
    ),
    ("batched-identifier-only", "reported[0]", replace(BATCH, reported=(Reported(),))),
]

BROKEN_FILES: list[tuple[str, str, Report, list[FileDetails]]] = [
    ("exif-without-file", "files[0].exif_viewed_by_esp", base(), [FileDetails(exif_viewed_by_esp=True)]),
    (
        "exif-without-file",
        "files[0].exif_viewed_by_esp",
        base(),
        [FileDetails(exif_viewed_by_esp=True, viewed_by_esp=False)],
    ),
    ("meme-twice", "files[0].potential_meme", base(), [replace(VIRAL, potential_meme=True)]),
    (
        "agreement-not-signed",
        "files[0].industry_classification",
        base(),
        [FileDetails(industry_classification=IndustryClassification.A1)],
    ),
    (
        "supplemental-meme",
        "files[0].annotations",
        base(),
        [FileDetails(relevance=FileRelevance.SUPPLEMENTAL, potential_meme=False)],
    ),
    (
        "supplemental-meme",
        "files[0].annotations",
        base(),
        [FileDetails(relevance=FileRelevance.SUPPLEMENTAL, annotations=frozenset({FileFlag.POTENTIAL_MEME}))],
    ),
    (
        "supplemental-classified",
        "files[0].industry_classification",
        base(),
        [
            FileDetails(
                relevance=FileRelevance.SUPPLEMENTAL, industry_classification=IndustryClassification.B2
            )
        ],
    ),
    ("no-pairs", "files[0].details[0].pairs", base(), [FileDetails(details=(Metadata(),))]),
    (
        "too-long",
        "files[1].original_file_name",
        base(),
        [FileDetails(), FileDetails(original_file_name="x" * 2057)],
    ),
    (
        "too-long",
        "files[0].hashes[0].type",
        base(),
        [FileDetails(hashes=(FileHash(value="0", type="x" * 65),))],
    ),
    ("batched-one-file", "files[1]", BATCH, [VIRAL, VIRAL]),
    ("batched-not-viral", "files[0].annotations", BATCH, [FileDetails()]),
    (
        "batched-annotation",
        "files[0].annotations",
        BATCH,
        [FileDetails(annotations=frozenset({FileFlag.VIRAL, FileFlag.GENERATIVE_AI}))],
    ),
    (
        "batched-relevance",
        "files[0].relevance",
        BATCH,
        [replace(VIRAL, relevance=FileRelevance.SUPPLEMENTAL)],
    ),
    *[
        (
            "batched-forbids",
            f"files[0].{name}",
            BATCH,
            [replace(VIRAL, **{name: getattr(legal_file(), name)})],
        )
        for name in (
            "original_file_name",
            "location",
            "hashes",
            "ip_event",
            "devices",
            "details",
            "additional_info",
        )
    ],
]


def test_what_these_tests_start_from_passes() -> None:
    assert not stops(check(base(), [FileDetails(), VIRAL], at=AT))
    assert not stops(check(reported(), at=AT))
    assert not stops(check(BATCH, [VIRAL], at=AT))


@pytest.mark.parametrize(
    ("rule", "field", "report"), BROKEN, ids=[f"{rule} {field}" for rule, field, _ in BROKEN]
)
def test_a_broken_report_is_caught(rule: str, field: str, report: Report) -> None:
    assert [(one.rule, one.field) for one in check(report, at=AT)] == [(rule, field)]


@pytest.mark.parametrize(
    ("rule", "field", "report", "files"), BROKEN_FILES, ids=[f"{one[0]} {one[1]}" for one in BROKEN_FILES]
)
def test_a_broken_file_is_caught(rule: str, field: str, report: Report, files: list[FileDetails]) -> None:
    assert (rule, field) in {(one.rule, one.field) for one in check(report, files, at=AT)}


def test_every_rule_is_broken_here() -> None:
    room = Path(hotlines.__file__).parent
    source = "".join(path.read_text() for path in room.rglob("*.py") if "guided" not in path.parts)
    rules = set(re.findall(r'(?:Finding|_finding)\(\s*"([a-z-]+)"', source))
    broken = {one[0] for one in BROKEN} | {one[0] for one in BROKEN_FILES} | {"schema"}
    assert len(rules) > 30
    assert rules - broken == set()


def test_a_finding_says_the_field_in_words_and_never_the_value() -> None:
    secret = "x" * 300
    for one in check(base(reported=(Reported(esp_identifier=secret),)), at=AT):
        assert "Reported 1, ESP identifier" in one.says
        assert secret not in one.says


def test_addresses_read_as_words() -> None:
    assert in_words("reported[0].ip_events[1].port") == "reported 1, IP events 2, port"


def test_what_stops_comes_first() -> None:
    report = base(reported=(Reported(esp_identifier="", screen_name="x" * 257),))
    assert [one.stops for one in check(report, at=AT)] == [True, False]


def test_the_operators_schema_has_the_last_word(schema_bytes: bytes, schema: Schema) -> None:
    """One that lacks an element refuses it at its field; one that has a newer element lets it pass."""
    older = schema_bytes.replace(b'element name="screenName"', b'element name="nickName"')
    found = check(reported(screen_name="s"), at=AT, schema=Schema.parse(older))
    assert [(one.rule, one.field) for one in found] == [("schema", "reported[0].screen_name")]

    newer = schema_bytes.replace(b'<xs:element name="spam"', b'<xs:element name="informational" minOccurs="0"'
                                 b' type="xs:boolean" fixed="true"/><xs:element name="spam"')  # fmt: skip
    flagged = summary(annotations=frozenset({ReportFlag.INFORMATIONAL}))
    assert check(flagged, at=AT, schema=Schema.parse(newer)) == ()
    assert [one.rule for one in check(flagged, at=AT, schema=schema)] == ["newer-than-schema"]
