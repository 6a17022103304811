"""What a form's field can be filled from: a closed list, each read from the typed report as text to copy."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from safelight.hotlines.contacts import Device, IpEvent, Person
from safelight.hotlines.files import FileDetails
from safelight.hotlines.model import Chat, Report, Reported, WebPage


class Fact(StrEnum):
    """One thing that a report knows."""

    REPORTER_NAME = "reporter_name"
    REPORTER_EMAIL = "reporter_email"
    SERVICE = "service"
    INCIDENT_TYPE = "incident_type"
    INCIDENT_TIME = "incident_time"
    ESCALATION = "escalation"
    ACCOUNT_ID = "account_id"
    SCREEN_NAMES = "screen_names"
    PROFILE_URLS = "profile_urls"
    NAMES = "names"
    EMAILS = "emails"
    PHONES = "phones"
    DATE_OF_BIRTH = "date_of_birth"
    ADDRESSES = "addresses"
    IP_EVENTS = "ip_events"
    DEVICES = "devices"
    ACCOUNT_STATUS = "account_status"
    LOCATION = "location"
    PRIOR_REPORTS = "prior_reports"
    RECIPIENTS = "recipients"
    VICTIMS = "victims"
    CONTENT_URLS = "content_urls"
    CONVERSATION = "conversation"
    FILE_NAMES = "file_names"
    FILE_HASHES = "file_hashes"
    FILE_TIMES = "file_times"
    FILE_METADATA = "file_metadata"
    VIEWED = "viewed"
    MORE = "more"


def text_of(fact: Fact, report: Report, files: Sequence[FileDetails]) -> str:
    """What the report knows of it, a line each; empty where it knows nothing."""
    return "\n".join(line for line in _READ[fact](report, files) if line)


_Lines = Iterable[str | None]


def _first(report: Report) -> Reported:
    return report.reported[0] if report.reported else Reported()


def _person(report: Report) -> Person:
    return _first(report).person or Person()


def _time(at: datetime) -> str:
    """RFC 3339, to the second, in UTC where a zone is told."""
    if at.utcoffset() is None:
        return f"{at.isoformat(timespec='seconds')} (no zone)"
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _event(event: IpEvent) -> str:
    where = f"[{event.ip_address}]" if ":" in event.ip_address and event.port else event.ip_address
    port = f":{event.port}" if event.port else ""
    at = _time(event.date_time) if event.date_time else None
    return ", ".join(filter(None, (where + port, event.event_name, at)))


def _device(device: Device) -> str:
    at = _time(device.date_time) if device.date_time else None
    return ", ".join(filter(None, (f"{device.id_type} {device.id_value}", device.event_name, at)))


def _name(person: Person) -> str:
    return " ".join(filter(None, (person.first_name, person.last_name)))


def _events(report: Report, files: Sequence[FileDetails]) -> _Lines:
    there = [*_first(report).ip_events, *(one.ip_event for one in files if one.ip_event)]
    return dict.fromkeys(map(_event, there))


def _status(report: Report, _files: Sequence[FileDetails]) -> _Lines:
    account = _first(report)
    for how, told in (
        ("temporarily", account.temporarily_disabled),
        ("for good", account.permanently_disabled),
    ):
        if told is not None:
            since = f" since {_time(told.disabled_date)}" if told.disabled_date else ""
            yield f"disabled {how}{since}" if told.disabled else f"not disabled {how}"


def _others(report: Report, which: str) -> _Lines:
    for one in getattr(report, which):
        yield ", ".join(filter(None, (one.esp_identifier, one.screen_name, _name(one.person or Person()))))


def _numbered(files: Sequence[FileDetails], tell: Callable[[FileDetails], _Lines]) -> _Lines:
    for number, details in enumerate(files, 1):
        for line in tell(details):
            if line:
                yield f"file {number}: {line}"


def _viewed(details: FileDetails) -> _Lines:
    if details.viewed_by_esp is None:
        return ["not stated"]
    return ["a person viewed all of it" if details.viewed_by_esp else "nobody viewed all of it"]


def _addresses(report: Report, _files: Sequence[FileDetails]) -> _Lines:
    for one in _person(report).addresses:
        told = (one.address, one.city, one.zip_code, one.state, one.non_usa_state, one.country)
        yield ", ".join(filter(None, told))


def _location(report: Report, _files: Sequence[FileDetails]) -> _Lines:
    place = _first(report).estimated_location
    return [] if place is None else [", ".join(filter(None, (place.city, place.region, place.country_code)))]


_Read = Callable[[Report, Sequence[FileDetails]], _Lines]
_READ: Final[dict[Fact, _Read]] = {
    Fact.REPORTER_NAME: lambda r, _: [_name(r.reporter.reporting_person)],
    Fact.REPORTER_EMAIL: lambda r, _: [one.address for one in r.reporter.reporting_person.emails],
    Fact.SERVICE: lambda r, _: [r.summary.platform or _first(r).esp_service],
    Fact.INCIDENT_TYPE: lambda r, _: [r.summary.incident_type],
    Fact.INCIDENT_TIME: lambda r, _: [_time(r.summary.date_time), r.summary.date_time_description],
    Fact.ESCALATION: lambda r, _: [r.summary.escalate],
    Fact.ACCOUNT_ID: lambda r, _: [_first(r).esp_identifier],
    Fact.SCREEN_NAMES: lambda r, _: [_first(r).screen_name, *_first(r).display_names],
    Fact.PROFILE_URLS: lambda r, _: _first(r).profile_urls,
    Fact.NAMES: lambda r, _: [_name(_person(r))],
    Fact.EMAILS: lambda r, _: [one.address for one in _person(r).emails],
    Fact.PHONES: lambda r, _: [
        " ".join(filter(None, (one.country_calling_code, one.number))) for one in _person(r).phones
    ],
    Fact.DATE_OF_BIRTH: lambda r, _: [born.isoformat() if (born := _person(r).date_of_birth) else None],
    Fact.ADDRESSES: _addresses,
    Fact.IP_EVENTS: _events,
    Fact.DEVICES: lambda r, _: [_device(one) for one in _first(r).devices],
    Fact.ACCOUNT_STATUS: _status,
    Fact.LOCATION: _location,
    Fact.PRIOR_REPORTS: lambda r, _: [str(number) for number in _first(r).prior_reports],
    Fact.RECIPIENTS: lambda r, _: _others(r, "recipients"),
    Fact.VICTIMS: lambda r, _: _others(r, "victims"),
    Fact.CONTENT_URLS: lambda r, f: [
        *(url for place in r.internet_details if isinstance(place, WebPage) for url in place.urls),
        *(one.location for one in f),
    ],
    Fact.CONVERSATION: lambda r, _: [one.content for one in r.internet_details if isinstance(one, Chat)],
    Fact.FILE_NAMES: lambda _, f: _numbered(f, lambda one: [one.original_file_name]),
    Fact.FILE_HASHES: lambda _, f: _numbered(f, lambda one: [f"{h.type} {h.value}" for h in one.hashes]),
    Fact.FILE_TIMES: lambda _, f: _numbered(
        f, lambda one: [_time(one.uploaded_at) if one.uploaded_at else None]
    ),
    Fact.FILE_METADATA: lambda _, f: _numbered(
        f, lambda one: [f"{p.name}: {p.value}" for told in one.details for p in told.pairs]
    ),
    Fact.VIEWED: lambda _, f: _numbered(f, _viewed),
    Fact.MORE: lambda r, f: [
        r.additional_info,
        _first(r).additional_info,
        *_numbered(f, lambda one: one.additional_info),
    ],
}
