"""Accounts in a report: the reported one, those meant to receive, those of victims, and linked ones."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Annotated

from safelight.hotlines.codes import COUNTRIES, AssociatedType
from safelight.hotlines.contacts import Address, Device, Email, IpEvent, Person, Phone
from safelight.hotlines.wire import Form, Wire

_ATTRIBUTE = Wire(form=Form.ATTRIBUTE)
_PAST_ATTRIBUTE = Wire(form=Form.ATTRIBUTE, past=True)
_LONG = Wire(long=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class TemporarilyDisabled:
    """Whether the account was disabled for a time; the dates in the order in which they can have come."""

    disabled: Annotated[bool, Wire(form=Form.TEXT)] = True
    disabled_date: Annotated[datetime | None, _PAST_ATTRIBUTE] = None
    user_notified: Annotated[bool | None, _ATTRIBUTE] = None
    user_notified_date: Annotated[datetime | None, _PAST_ATTRIBUTE] = None
    reenabled_date: Annotated[datetime | None, _PAST_ATTRIBUTE] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PermanentlyDisabled:
    """Whether the account was disabled for good."""

    disabled: Annotated[bool, Wire(form=Form.TEXT)] = True
    disabled_date: Annotated[datetime | None, _PAST_ATTRIBUTE] = None
    user_notified: Annotated[bool | None, _ATTRIBUTE] = None
    user_notified_date: Annotated[datetime | None, _PAST_ATTRIBUTE] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EstimatedLocation:
    """Where an account seems to be used. In the United States ``region`` is a postal abbreviation."""

    verified: Annotated[bool | None, _ATTRIBUTE] = None
    timestamp: Annotated[datetime | None, _PAST_ATTRIBUTE] = None
    city: Annotated[str | None, Wire(most=255)] = None
    region: Annotated[str | None, Wire(most=255)] = None
    country_code: Annotated[str | None, Wire(among=COUNTRIES)] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherPlatform:
    """The platform that a linked account is on."""

    name: Annotated[str, Wire(form=Form.TEXT, most=256, filled=True)]
    third_party_user: Annotated[bool | None, _ATTRIBUTE] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AssociatedAccount:
    """Another account that belongs to the same matter. Of age and date of birth at most one is told."""

    type: Annotated[AssociatedType, _ATTRIBUTE] = AssociatedType.OTHER
    platform: OtherPlatform | None = None
    first_name: Annotated[str | None, Wire(most=256)] = None
    middle_name: Annotated[str | None, Wire(most=256)] = None
    last_name: Annotated[str | None, Wire(most=256)] = None
    approximate_age: Annotated[int | None, Wire(least=0, greatest=150)] = None
    date_of_birth: Annotated[date | None, Wire(past=True)] = None
    phones: Annotated[tuple[Phone, ...], Wire("phone")] = ()
    emails: Annotated[tuple[Email, ...], Wire("email")] = ()
    all_emails_reported: bool | None = None
    addresses: Annotated[tuple[Address, ...], Wire("address")] = ()
    esp_service: Annotated[str | None, Wire(most=100)] = None
    esp_identifier: Annotated[str | None, Wire(most=255)] = None
    profile_urls: Annotated[tuple[str, ...], Wire("profileUrl", most=2083, url=True)] = ()
    screen_name: Annotated[str | None, Wire(most=256)] = None
    display_names: Annotated[tuple[str, ...], Wire("displayName", most=255)] = ()
    profile_bio: Annotated[str | None, _LONG] = None
    group_identifier: Annotated[str | None, Wire(most=255)] = None
    compromised_account: bool | None = None
    temporarily_disabled: Annotated[TemporarilyDisabled | None, Wire("accountTemporarilyDisabled")] = None
    permanently_disabled: Annotated[PermanentlyDisabled | None, Wire("accountPermanentlyDisabled")] = None
    ip_events: Annotated[tuple[IpEvent, ...], Wire("ipCaptureEvent")] = ()
    devices: Annotated[tuple[Device, ...], Wire("deviceId")] = ()
    prior_reports: Annotated[tuple[int, ...], Wire("priorCTReport", least=1)] = ()
    additional_info: Annotated[str | None, _LONG] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """The person or account that is reported; the hotline shows it as the suspect."""

    person: Annotated[Person | None, Wire("personOrUserReportedPerson")] = None
    vehicle_description: Annotated[str | None, Wire(most=300)] = None
    esp_identifier: Annotated[str | None, Wire(most=255)] = None
    esp_service: Annotated[str | None, Wire(most=100)] = None
    compromised_account: bool | None = None
    screen_name: Annotated[str | None, Wire(most=256)] = None
    display_names: Annotated[tuple[str, ...], Wire("displayName", most=255)] = ()
    profile_urls: Annotated[tuple[str, ...], Wire("profileUrl", most=2083, url=True)] = ()
    profile_bio: Annotated[str | None, _LONG] = None
    ip_events: Annotated[tuple[IpEvent, ...], Wire("ipCaptureEvent")] = ()
    devices: Annotated[tuple[Device, ...], Wire("deviceId")] = ()
    third_party_user_reported: bool | None = None
    prior_reports: Annotated[tuple[int, ...], Wire("priorCTReports", least=1)] = ()
    group_identifier: Annotated[str | None, Wire(most=255)] = None
    temporarily_disabled: Annotated[TemporarilyDisabled | None, Wire("accountTemporarilyDisabled")] = None
    permanently_disabled: Annotated[PermanentlyDisabled | None, Wire("accountPermanentlyDisabled")] = None
    estimated_location: EstimatedLocation | None = None
    all_emails_reported: bool | None = None
    associated_accounts: Annotated[tuple[AssociatedAccount, ...], Wire("associatedAccount")] = ()
    additional_info: Annotated[str | None, _LONG] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """An account that was meant to receive it."""

    person: Annotated[Person | None, Wire("intendedRecipientPerson")] = None
    esp_identifier: Annotated[str | None, Wire(most=255)] = None
    esp_service: Annotated[str | None, Wire(most=100)] = None
    compromised_account: bool | None = None
    screen_name: Annotated[str | None, Wire(most=256)] = None
    display_names: Annotated[tuple[str, ...], Wire("displayName", most=255)] = ()
    profile_urls: Annotated[tuple[str, ...], Wire("profileUrl", most=2083, url=True)] = ()
    profile_bio: Annotated[str | None, _LONG] = None
    ip_events: Annotated[tuple[IpEvent, ...], Wire("ipCaptureEvent")] = ()
    devices: Annotated[tuple[Device, ...], Wire("deviceId")] = ()
    prior_reports: Annotated[tuple[int, ...], Wire("priorCTReports", least=1)] = ()
    group_identifier: Annotated[str | None, Wire(most=255)] = None
    temporarily_disabled: Annotated[TemporarilyDisabled | None, Wire("accountTemporarilyDisabled")] = None
    permanently_disabled: Annotated[PermanentlyDisabled | None, Wire("accountPermanentlyDisabled")] = None
    estimated_location: EstimatedLocation | None = None
    all_emails_reported: bool | None = None
    additional_info: Annotated[tuple[str, ...], _LONG] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Victim:
    """A child, as far as is known."""

    person: Annotated[Person, Wire("victimPerson")] = field(default_factory=Person)
    esp_identifier: Annotated[str | None, Wire(most=255)] = None
    esp_service: Annotated[str | None, Wire(most=100)] = None
    compromised_account: bool | None = None
    screen_name: Annotated[str | None, Wire(most=256)] = None
    display_names: Annotated[tuple[str, ...], Wire("displayName", most=255)] = ()
    profile_urls: Annotated[tuple[str, ...], Wire("profileUrl", most=2083, url=True)] = ()
    profile_bio: Annotated[str | None, _LONG] = None
    ip_events: Annotated[tuple[IpEvent, ...], Wire("ipCaptureEvent")] = ()
    devices: Annotated[tuple[Device, ...], Wire("deviceId")] = ()
    school_name: Annotated[str | None, Wire(most=255)] = None
    prior_reports: Annotated[tuple[int, ...], Wire("priorCTReports", least=1)] = ()
    temporarily_disabled: Annotated[TemporarilyDisabled | None, Wire("accountTemporarilyDisabled")] = None
    permanently_disabled: Annotated[PermanentlyDisabled | None, Wire("accountPermanentlyDisabled")] = None
    estimated_location: EstimatedLocation | None = None
    all_emails_reported: bool | None = None
    associated_accounts: Annotated[tuple[AssociatedAccount, ...], Wire("associatedAccount")] = ()
    additional_info: Annotated[str | None, _LONG] = None
