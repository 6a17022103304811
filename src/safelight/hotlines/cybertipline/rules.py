"""The CyberTipline's rules about several fields at once, which its schema does not hold.

Source: *CyberTipline Reporting API Technical Documentation*, 2025-06-11, and the notes of the schema of
November 2025. The service refuses what breaks them, most of it only when the report is to be finished.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator
from typing import Any, Final

from safelight.hotlines.codes import US_STATES
from safelight.hotlines.findings import Finding
from safelight.hotlines.model import (
    Address,
    AssociatedAccount,
    Email,
    EmailIncident,
    EstimatedLocation,
    IpEvent,
    Metadata,
    Newsgroup,
    PermanentlyDisabled,
    Phone,
    Report,
    ServedInternationally,
    TemporarilyDisabled,
)
from safelight.hotlines.wire import Node, nodes

LONGEST_LOCAL_PART: Final = 64
_UNITED_STATES: Final = "US"


def of_report(report: Report) -> Iterator[Finding]:
    """Rules about the report as a whole, the batched mode apart (:mod:`.batched`)."""
    if not any(email.address.strip() for email in report.reporter.reporting_person.emails):
        yield Finding(
            "reporter-email",
            "reporter.reporting_person.emails",
            "The service needs an e-mail address of who reports. Set reporting.email.",
        )
    if report.batched is None and len(report.reported) > 1:
        yield Finding(
            "one-reported",
            "reported[1]",
            "One report names one account. Make a report for each, or tell the others as linked accounts.",
        )
    known = _addresses_of_people(report)
    for number, place in enumerate(report.internet_details):
        if isinstance(place, EmailIncident | Newsgroup):
            for index, email in enumerate(place.emails):
                if email.address.strip().lower() not in known:
                    yield Finding(
                        "email-of-nobody",
                        f"internet_details[{number}].emails[{index}].address",
                        "This e-mail address must also stand under the reported person, a recipient or a"
                        " victim. Add it there.",
                    )


def of_record(node: Node) -> Iterator[Finding]:
    """Rules about one record inside a report or inside a file's details."""
    rule = _RULES.get(type(node.part))
    if rule is not None:
        yield from rule(node.path, node.part)


def _addresses_of_people(report: Report) -> set[str]:
    people = [*report.reported, *report.recipients, *report.victims]
    return {
        node.part.address.strip().lower()
        for person in people
        for node in nodes(person)
        if isinstance(node, Node) and isinstance(node.part, Email)
    }


def _phone(path: str, phone: Phone) -> Iterator[Finding]:
    yield from _verification(path, phone)
    code = phone.country_calling_code
    if code is not None and not re.fullmatch(r"\+[0-9]{1,3}", code):
        yield Finding(
            "calling-code", f"{path}.country_calling_code", "A calling code is + and one to three digits."
        )
    elif code is not None and phone.number.lstrip().startswith(("+", code[1:] + " ", "00" + code[1:])):
        yield Finding(
            "calling-code-twice",
            f"{path}.number",
            "The calling code is told apart, so the number must not begin with it too.",
        )
    if phone.extension is not None and not re.fullmatch(r"[0-9]+", phone.extension):
        yield Finding("extension", f"{path}.extension", "An extension has digits only.")


def _email(path: str, email: Email) -> Iterator[Finding]:
    yield from _verification(path, email)
    local, at, domain = email.address.rpartition("@")
    if email.address.strip() and not (at and local and domain):
        yield Finding("not-an-email", f"{path}.address", "This is not an e-mail address.")
    elif len(local) > LONGEST_LOCAL_PART:
        yield Finding(
            "local-part-too-long",
            f"{path}.address",
            f"The part before the @ has {len(local)} characters; the hotline takes {LONGEST_LOCAL_PART}.",
        )


def _verification(path: str, told: Phone | Email) -> Iterator[Finding]:
    if told.verification_date is not None and not told.verified:
        yield Finding(
            "verification",
            f"{path}.verified",
            "A date of verification needs verified to be yes. Mend one of the two.",
        )


def _ip_event(path: str, event: IpEvent) -> Iterator[Finding]:
    try:
        ipaddress.ip_address(event.ip_address.strip())
    except ValueError:
        yield Finding("not-an-ip", f"{path}.ip_address", "This is no IPv4 or IPv6 address.")


def _disabled(path: str, told: TemporarilyDisabled | PermanentlyDisabled) -> Iterator[Finding]:
    since, notified = told.disabled_date, told.user_notified_date
    if notified is not None and not told.user_notified:
        yield Finding("notified", f"{path}.user_notified", "A date of notice needs user notified to be yes.")
    if _zoned(since, notified) and notified < since:  # type: ignore[operator] # both are there
        yield Finding(
            "notified-before",
            f"{path}.user_notified_date",
            "The user cannot have been told before the account was disabled.",
        )
    if isinstance(told, TemporarilyDisabled):
        again = told.reenabled_date
        if _zoned(since, again) and again <= since:  # type: ignore[operator] # both are there
            yield Finding(
                "reenabled-before",
                f"{path}.reenabled_date",
                "The account cannot have been enabled again before it was disabled.",
            )


def _zoned(*times: Any) -> bool:  # noqa: ANN401 - a time or None
    """Whether all are there and can be compared; one without a zone has its own finding."""
    return all(time is not None and time.utcoffset() is not None for time in times)


def _associated(path: str, account: AssociatedAccount) -> Iterator[Finding]:
    if account.approximate_age is not None and account.date_of_birth is not None:
        yield Finding("age-twice", f"{path}.approximate_age", "Tell the age or the date of birth, not both.")


def _location(path: str, location: EstimatedLocation) -> Iterator[Finding]:
    if location.country_code is None:
        yield Finding("location-country", f"{path}.country_code", "A location needs its country. Add it.")
    elif location.country_code == _UNITED_STATES:
        if location.region is None and location.city is not None:
            yield Finding("us-region", f"{path}.region", "A city in the US needs its state.")
        elif location.region is not None and location.region not in US_STATES:
            yield Finding(
                "us-region", f"{path}.region", "In the US the region is a postal abbreviation, such as CA."
            )


def _address(path: str, address: Address) -> Iterator[Finding]:
    if address.state is not None and address.country not in (None, _UNITED_STATES):
        yield Finding(
            "state-abroad",
            f"{path}.state",
            "State is for the US. Put what it is called in this country into non US state.",
        )


def _served(path: str, served: ServedInternationally) -> Iterator[Finding]:
    if served.served and served.flea_country is None:
        yield Finding(
            "flea-country", f"{path}.flea_country", "Say which country's agency served it.", stops=False
        )


def _metadata(path: str, metadata: Metadata) -> Iterator[Finding]:
    if not metadata.pairs:
        yield Finding("no-pairs", f"{path}.pairs", "Metadata without a line cannot be sent. Take it out.")


_RULES: Final[dict[type, Callable[[str, Any], Iterator[Finding]]]] = {
    Phone: _phone,
    Email: _email,
    IpEvent: _ip_event,
    TemporarilyDisabled: _disabled,
    PermanentlyDisabled: _disabled,
    AssociatedAccount: _associated,
    EstimatedLocation: _location,
    Address: _address,
    ServedInternationally: _served,
    Metadata: _metadata,
}
