"""What happened and where on the internet, or off it: the summary and the eight kinds of place."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal, TypeAlias

from pydantic import Discriminator

from safelight.hotlines.codes import IncidentType, ReportFlag
from safelight.hotlines.contacts import Address, Email, IpEvent, Phone
from safelight.hotlines.wire import Form, Wire

_LONG = Wire(long=True)
_UNSENT = Wire(form=Form.UNSENT)


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentSummary:
    """The heart of a report. ``escalate`` is a reason: that it is there at all escalates the report."""

    incident_type: IncidentType = IncidentType.CSAM
    platform: Annotated[str | None, Wire(most=256)] = None
    escalate: Annotated[str | None, Wire("escalateToHighPriority", most=3000, filled=True, long=True)] = None
    annotations: Annotated[frozenset[ReportFlag], Wire("reportAnnotations", Form.FLAGS)] = frozenset()
    date_time: Annotated[datetime, Wire("incidentDateTime", past=True)]
    date_time_description: Annotated[
        str | None, Wire("incidentDateTimeDescription", most=3000, long=True)
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WebPage:
    """Found at addresses of the web."""

    kind: Annotated[Literal["webPageIncident"], _UNSENT] = "webPageIncident"
    third_party_hosted_content: Annotated[bool | None, Wire(form=Form.ATTRIBUTE)] = None
    urls: Annotated[tuple[str, ...], Wire("url", most=2083, url=True)] = ()
    additional_info: Annotated[str | None, _LONG] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailIncident:
    """Sent by e-mail. Its addresses must also be told of somebody in the report."""

    kind: Annotated[Literal["emailIncident"], _UNSENT] = "emailIncident"
    emails: Annotated[tuple[Email, ...], Wire("emailAddress")] = ()
    content: Annotated[str | None, _LONG] = None
    additional_info: Annotated[str | None, _LONG] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Newsgroup:
    """Posted to a newsgroup. Its addresses must also be told of somebody in the report."""

    kind: Annotated[Literal["newsgroupIncident"], _UNSENT] = "newsgroupIncident"
    name: Annotated[str | None, Wire(most=255)] = None
    emails: Annotated[tuple[Email, ...], Wire("emailAddress")] = ()
    content: Annotated[str | None, _LONG] = None
    additional_info: Annotated[str | None, _LONG] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Chat:
    """In a chat or by instant messages."""

    kind: Annotated[Literal["chatImIncident"], _UNSENT] = "chatImIncident"
    chat_client: Annotated[str | None, Wire(most=255)] = None
    chat_room_name: Annotated[str | None, Wire(most=255)] = None
    content: Annotated[str | None, _LONG] = None
    additional_info: Annotated[str | None, _LONG] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OnlineGaming:
    """In a game."""

    kind: Annotated[Literal["onlineGamingIncident"], _UNSENT] = "onlineGamingIncident"
    game_name: Annotated[str | None, Wire(most=255)] = None
    console: Annotated[str | None, Wire(most=255)] = None
    content: Annotated[str | None, _LONG] = None
    additional_info: Annotated[str | None, _LONG] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CellPhone:
    """By telephone. Latitude and longitude are in degrees."""

    kind: Annotated[Literal["cellPhoneIncident"], _UNSENT] = "cellPhoneIncident"
    phone_number: Phone | None = None
    latitude: Annotated[float | None, Wire(least=-90, greatest=90)] = None
    longitude: Annotated[float | None, Wire(least=-180, greatest=180)] = None
    additional_info: Annotated[str | None, _LONG] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NonInternet:
    """Somewhere off the internet."""

    kind: Annotated[Literal["nonInternetIncident"], _UNSENT] = "nonInternetIncident"
    location_name: Annotated[str | None, Wire(most=255)] = None
    addresses: Annotated[tuple[Address, ...], Wire("incidentAddress")] = ()
    additional_info: Annotated[str | None, _LONG] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerToPeer:
    """Shared from machine to machine."""

    kind: Annotated[Literal["peer2peerIncident"], _UNSENT] = "peer2peerIncident"
    client: Annotated[str | None, Wire(most=255)] = None
    ip_events: Annotated[tuple[IpEvent, ...], Wire("ipCaptureEvent")] = ()
    file_names: Annotated[str | None, _LONG] = None
    additional_info: Annotated[str | None, _LONG] = None


InternetDetails: TypeAlias = Annotated[
    WebPage | EmailIncident | Newsgroup | Chat | OnlineGaming | CellPhone | NonInternet | PeerToPeer,
    Discriminator("kind"),
]
"""Exactly one kind of place."""
