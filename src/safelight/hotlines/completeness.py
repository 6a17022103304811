"""What an investigator would miss: nothing here stops a report, and most of it only the platform can know.

The weights are our judgement of what is asked for first when a report is followed up: an address with its
time and port, who the account is, what was said. They order the list; the sum is no grade of anybody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from safelight.hotlines.codes import EventName
from safelight.hotlines.files import FileDetails
from safelight.hotlines.model import Email, IpEvent, Phone, Report, Reported, WebPage
from safelight.hotlines.wire import Node, nodes


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that is not told, why it would help, and where it goes."""

    field: str
    says: str
    weight: int


@dataclass(frozen=True, slots=True)
class Completeness:
    """``score`` is 0-100: the share of the weights that apply to this report and are told."""

    score: int
    gaps: tuple[Gap, ...]


@dataclass(frozen=True, slots=True)
class _Told:
    """What the questions are asked of. ``first`` is the reported account, if any."""

    report: Report
    files: Sequence[FileDetails]

    @property
    def first(self) -> Reported:
        return self.report.reported[0] if self.report.reported else Reported()

    @property
    def events(self) -> list[IpEvent]:
        places = [*self.report.internet_details, *self.report.reported, *self.files]
        parts = [node.part for place in places for node in nodes(place) if isinstance(node, Node)]
        return [part for part in parts if isinstance(part, IpEvent)]

    def contacts(self) -> Iterator[Email | Phone]:
        if self.first.person is not None:
            yield from self.first.person.emails
            yield from self.first.person.phones


_Question: TypeAlias = Callable[[_Told], bool | None]
"""Whether it is told; None where it does not apply."""


def _every(told: _Told, field: str) -> bool | None:
    return all(getattr(details, field) not in (None, ()) for details in told.files) if told.files else None


def _of_events(told: _Told, field: str) -> bool | None:
    return any(getattr(event, field) is not None for event in told.events) if told.events else None


def _words(told: _Told) -> bool | None:
    """Where there is no file, the words are the evidence."""
    if told.files:
        return None
    places = told.report.internet_details
    return any(getattr(place, "content", None) for place in places) or bool(told.report.additional_info)


def _location(told: _Told) -> bool:
    places = told.report.internet_details
    return any(place.urls if isinstance(place, WebPage) else True for place in places)


def _verified(told: _Told) -> bool | None:
    there = list(told.contacts())
    return any(one.verified is not None for one in there) if there else None


def _upload_event(told: _Told) -> bool | None:
    return any(e.event_name is EventName.UPLOAD for e in told.events) if told.files and told.events else None


_QUESTIONS: Final[tuple[tuple[int, str, str, _Question], ...]] = (
    (
        10,
        "reported[0].esp_identifier",
        "Which account it is: without it nobody can ask you about it.",
        lambda t: bool(t.first.esp_identifier or t.first.screen_name or t.first.profile_urls),
    ),
    (
        15,
        "reported[0].ip_events",
        "An address from which the account was used: it leads to a person.",
        lambda t: bool(t.events),
    ),
    (
        8,
        "reported[0].ip_events[0].date_time",
        "When that address was used: providers answer for a moment only.",
        lambda t: _of_events(t, "date_time"),
    ),
    (
        6,
        "reported[0].ip_events[0].port",
        "The port: one shared address stands for thousands of people.",
        lambda t: _of_events(t, "port"),
    ),
    (4, "reported[0].ip_events[0].event_name", "The address of the upload itself.", _upload_event),
    (
        8,
        "reported[0].person.emails",
        "An e-mail address or telephone number of the account.",
        lambda t: any(True for _ in t.contacts()),
    ),
    (3, "reported[0].person.emails[0].verified", "Whether it was verified.", _verified),
    (
        4,
        "reported[0].screen_name",
        "The name that others saw.",
        lambda t: bool(t.first.screen_name or t.first.display_names),
    ),
    (3, "reported[0].devices", "Devices of the account.", lambda t: bool(t.first.devices)),
    (
        3,
        "reported[0].estimated_location",
        "Where the account seems to be used.",
        lambda t: t.first.estimated_location is not None,
    ),
    (
        3,
        "reported[0].permanently_disabled",
        "Whether the account still works: an investigator may want it to.",
        lambda t: t.first.permanently_disabled is not None or t.first.temporarily_disabled is not None,
    ),
    (
        8,
        "internet_details",
        "Where on your service it was: the kind of place, and its address if it has one.",
        _location,
    ),
    (10, "internet_details[0].content", "What was said. Without a file the words are the evidence.", _words),
    (3, "summary.platform", "The name of the application.", lambda t: bool(t.report.summary.platform)),
    (
        2,
        "summary.date_time_description",
        "What the time of the incident means: upload, message, discovery.",
        lambda t: bool(t.report.summary.date_time_description),
    ),
    (
        5,
        "files[0].hashes",
        "The hash of each file: known material is found by it.",
        lambda t: _every(t, "hashes"),
    ),
    (5, "files[0].uploaded_at", "When each file was uploaded.", lambda t: _every(t, "uploaded_at")),
    (
        3,
        "files[0].original_file_name",
        "What each file was called.",
        lambda t: _every(t, "original_file_name"),
    ),
    (
        6,
        "files[0].viewed_by_esp",
        "Whether a person saw the whole file. Only the viewing log can say it.",
        lambda t: _every(t, "viewed_by_esp"),
    ),
    (
        3,
        "files[0].publicly_available",
        "Whether everybody could see it.",
        lambda t: _every(t, "publicly_available"),
    ),
    (
        4,
        "reporter.contact_person",
        "Whom an investigator can call.",
        lambda t: t.report.reporter.contact_person is not None,
    ),
    (
        2,
        "reporter.terms_of_service",
        "The part of your terms that it breaks.",
        lambda t: bool(t.report.reporter.terms_of_service or t.report.reporter.legal_url),
    ),
)


def completeness(
    report: Report, files: Sequence[FileDetails] = (), *, follows_earlier: bool = False
) -> Completeness:
    """How much of what helps is told, and what is not, the weightiest first.

    ``follows_earlier``: the account was reported before, and so the earlier numbers should be named.
    """
    told = _Told(report, files)
    questions = list(_QUESTIONS)
    if follows_earlier:
        questions.append(
            (
                8,
                "reported[0].prior_reports",
                "The numbers of your earlier reports about this account.",
                lambda t: bool(t.first.prior_reports),
            )
        )
    whole = known = 0
    gaps = []
    for weight, field, says, is_told in questions:
        answer = is_told(told)
        if answer is None:
            continue
        whole += weight
        if answer:
            known += weight
        else:
            gaps.append(Gap(field, says, weight))
    gaps.sort(key=lambda gap: -gap.weight)
    return Completeness(known * 100 // whole, tuple(gaps))
