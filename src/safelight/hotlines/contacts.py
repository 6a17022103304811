"""People, how to reach them, addresses of machines, devices: what every part of a report is made of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated

from safelight.hotlines.codes import COUNTRIES, US_STATES, AddressType, EmailType, EventName, PhoneType
from safelight.hotlines.wire import Form, Wire

_ATTRIBUTE = Wire(form=Form.ATTRIBUTE)
_PAST_ATTRIBUTE = Wire(form=Form.ATTRIBUTE, past=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A postal address. ``state`` is a US postal abbreviation, ``country`` a code of :mod:`.codes`."""

    type: Annotated[AddressType | None, _ATTRIBUTE] = None
    address: Annotated[str | None, Wire(most=255)] = None
    city: Annotated[str | None, Wire(most=100)] = None
    zip_code: Annotated[str | None, Wire(most=20)] = None
    state: Annotated[str | None, Wire(among=US_STATES)] = None
    non_usa_state: Annotated[str | None, Wire(most=100)] = None
    country: Annotated[str | None, Wire(among=COUNTRIES)] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Phone:
    """A telephone number; where the calling code is told apart (``+44``), the number does not repeat it."""

    number: Annotated[str, Wire(form=Form.TEXT, most=50, filled=True)]
    type: Annotated[PhoneType | None, _ATTRIBUTE] = None
    verified: Annotated[bool | None, _ATTRIBUTE] = None
    verification_date: Annotated[datetime | None, _PAST_ATTRIBUTE] = None
    country_calling_code: Annotated[str | None, _ATTRIBUTE] = None
    extension: Annotated[str | None, Wire(form=Form.ATTRIBUTE, most=10)] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Email:
    """An e-mail address, its part before the @ at most 64 characters."""

    address: Annotated[str, Wire(form=Form.TEXT, most=255, filled=True)]
    type: Annotated[EmailType | None, _ATTRIBUTE] = None
    verified: Annotated[bool | None, _ATTRIBUTE] = None
    verification_date: Annotated[datetime | None, _PAST_ATTRIBUTE] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactPerson:
    """Somebody who can be asked."""

    first_name: Annotated[str | None, Wire(most=100)] = None
    last_name: Annotated[str | None, Wire(most=100)] = None
    phones: Annotated[tuple[Phone, ...], Wire("phone")] = ()
    emails: Annotated[tuple[Email, ...], Wire("email")] = ()
    addresses: Annotated[tuple[Address, ...], Wire("address")] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """What is known of a person. ``age`` is in years."""

    first_name: Annotated[str | None, Wire(most=100)] = None
    last_name: Annotated[str | None, Wire(most=100)] = None
    phones: Annotated[tuple[Phone, ...], Wire("phone")] = ()
    emails: Annotated[tuple[Email, ...], Wire("email")] = ()
    addresses: Annotated[tuple[Address, ...], Wire("address")] = ()
    age: Annotated[int | None, Wire(least=0, greatest=150)] = None
    age_assertion_discrepancy: Annotated[bool | None, Wire(newer=True)] = None
    date_of_birth: Annotated[date | None, Wire(past=True)] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IpEvent:
    """An address (IPv4 or IPv6) from which something was done, and when."""

    ip_address: Annotated[str, Wire(filled=True)]
    event_name: EventName | None = None
    date_time: Annotated[datetime | None, Wire(past=True)] = None
    possible_proxy: bool | None = None
    port: Annotated[int | None, Wire(least=1, greatest=65_535)] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A device by one of its identifiers, and when it was seen."""

    id_type: Annotated[str, Wire(most=255, filled=True)]
    id_value: Annotated[str, Wire(most=2083, filled=True)]
    event_name: EventName | None = None
    date_time: Annotated[datetime | None, Wire(past=True)] = None
