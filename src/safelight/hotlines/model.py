"""The report, whole and typed, in the order in which the hotline takes it. One page for everything in it.

Lengths and other limits stand beside each field (:mod:`.wire`); nothing here refuses a value, because a draft
may be wrong for a while. :mod:`.preflight` says what is.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from safelight.hotlines.accounts import (
    AssociatedAccount,
    EstimatedLocation,
    OtherPlatform,
    PermanentlyDisabled,
    Recipient,
    Reported,
    TemporarilyDisabled,
    Victim,
)
from safelight.hotlines.codes import (
    COUNTRIES,
    AddressType,
    AssociatedType,
    BatchedReason,
    DetailsType,
    EmailType,
    EventName,
    FileFlag,
    FileRelevance,
    IncidentType,
    IndustryClassification,
    PhoneType,
    ReportFlag,
)
from safelight.hotlines.contacts import Address, ContactPerson, Device, Email, IpEvent, Person, Phone
from safelight.hotlines.files import FileDetails, FileHash, Metadata, NameValue
from safelight.hotlines.incidents import (
    CellPhone,
    Chat,
    EmailIncident,
    IncidentSummary,
    InternetDetails,
    Newsgroup,
    NonInternet,
    OnlineGaming,
    PeerToPeer,
    WebPage,
)
from safelight.hotlines.wire import Form, Wire

__all__ = [
    "Address", "AddressType", "AssociatedAccount", "AssociatedType", "Batched", "BatchedReason", "CellPhone",
    "Chat", "ContactPerson", "DetailsType", "Device", "Email", "EmailIncident", "EmailType",
    "EstimatedLocation", "EventName", "FileDetails", "FileFlag", "FileHash", "FileRelevance",
    "IncidentSummary", "IncidentType", "IndustryClassification", "InternetDetails", "IpEvent",
    "LawEnforcement", "Metadata", "NameValue", "Newsgroup", "NonInternet", "OnlineGaming", "OtherPlatform",
    "PeerToPeer", "PermanentlyDisabled", "Person", "Phone", "PhoneType", "Recipient", "Report", "ReportFlag",
    "Reported", "Reporter", "ServedInternationally", "TemporarilyDisabled", "Victim", "WebPage",
]  # fmt: skip

_LONG = Wire(long=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Batched:
    """Marks a report of one viral file that names many accounts."""

    reason: Annotated[BatchedReason, Wire(form=Form.ATTRIBUTE)] = BatchedReason.VIRAL_POTENTIAL_MEME


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedInternationally:
    """Whether an agency of another country served legal process; ``flea_country`` is that country's code."""

    served: Annotated[bool, Wire(form=Form.TEXT)] = True
    flea_country: Annotated[str | None, Wire(form=Form.ATTRIBUTE, among=COUNTRIES)] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LawEnforcement:
    """An agency that deals with this matter already."""

    agency_name: Annotated[str, Wire(most=255, filled=True)]
    case_number: Annotated[str | None, Wire(most=100)] = None
    officer_contact: ContactPerson | None = None
    reported_to_le: bool | None = None
    served_domestic: Annotated[bool | None, Wire("servedLegalProcessDomestic")] = None
    served_international: Annotated[ServedInternationally | None, Wire("servedLegalProcessInternational")] = (
        None
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Reporter:
    """Who reports. The service needs an e-mail address of the reporting person."""

    reporting_person: Person = field(default_factory=Person)
    contact_person: ContactPerson | None = None
    company_template: Annotated[str | None, _LONG] = None
    terms_of_service: Annotated[str | None, _LONG] = None
    legal_url: Annotated[str | None, Wire("legalURL", most=2083, url=True)] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One report. Outside the batched mode ``reported`` has at most one member."""

    batched: Annotated[Batched | None, Wire("batchedReport")] = None
    summary: Annotated[IncidentSummary, Wire("incidentSummary")]
    internet_details: Annotated[tuple[InternetDetails, ...], Wire("internetDetails", Form.CHOICE)] = ()
    law_enforcement: LawEnforcement | None = None
    reporter: Reporter = field(default_factory=Reporter)
    reported: Annotated[tuple[Reported, ...], Wire("personOrUserReported")] = ()
    recipients: Annotated[tuple[Recipient, ...], Wire("intendedRecipient")] = ()
    victims: Annotated[tuple[Victim, ...], Wire("victim")] = ()
    additional_info: Annotated[str | None, _LONG] = None
