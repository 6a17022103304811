"""What a platform may tell about an arrival: typed, checked at the edge, and none of it required."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Address, IPv6Address
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from safelight.server.intake.errors import ContextRefused
from safelight.server.intake.models import IpEvent, Occurrence


@dataclass(frozen=True, slots=True)
class IpSeen:
    """An address seen with an arrival. ``port`` is 0-65535, ``country`` ISO 3166-1 alpha-2 or empty."""

    address: str
    port: int | None = None
    kind: IpEvent.Kind = IpEvent.Kind.UNKNOWN
    device: str = ""
    country: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Context:
    """What is known about an arrival. Names are the platform's own ids; empty means not told.

    ``country`` is the country of the person whose account it is, ISO 3166-1 alpha-2: it decides which legal
    basis applies. ``surface``, where given, must be the one that the key is bound to.
    """

    account: str = ""
    content_id: str = ""
    surface: str = ""
    country: str = ""
    visibility: Occurrence.Visibility = Occurrence.Visibility.UNKNOWN
    file_name: str = ""
    sender: str = ""
    reference: str = ""
    occurred_at: datetime | None = None
    ip_events: tuple[IpSeen, ...] = ()


NOTHING_TOLD = Context()

_Id = Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
_Country = Annotated[str, StringConstraints(to_upper=True, pattern=r"^([A-Za-z]{2})?$")]


class IpEventIn(BaseModel):
    """An address seen with it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    address: IPv4Address | IPv6Address
    port: int | None = Field(None, ge=0, le=65_535)
    kind: IpEvent.Kind = IpEvent.Kind.UNKNOWN
    device: _Id = ""
    country: _Country = ""
    at: AwareDatetime | None = None


class ContextIn(BaseModel):
    """Where it comes from; nothing of it is required. Names are the platform's own ids."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    account: _Id = ""
    content_id: _Id = ""
    surface: Annotated[str, StringConstraints(pattern=r"^[-a-zA-Z0-9_]{0,60}$")] = ""
    country: _Country = ""
    visibility: Occurrence.Visibility = Occurrence.Visibility.UNKNOWN
    file_name: Annotated[str, StringConstraints(max_length=300, pattern=r"^[^\x00-\x1f\x7f]*$")] = ""
    sender: _Id = ""
    reference: _Id = ""
    occurred_at: AwareDatetime | None = None
    ip_events: tuple[IpEventIn, ...] = Field((), max_length=100)

    def context(self) -> Context:
        """The same, as everything behind the edge takes it."""
        return Context(
            account=self.account,
            content_id=self.content_id,
            surface=self.surface,
            country=self.country,
            visibility=self.visibility,
            file_name=self.file_name,
            sender=self.sender,
            reference=self.reference,
            occurred_at=self.occurred_at,
            ip_events=tuple(
                IpSeen(str(e.address), e.port, e.kind, e.device, e.country, e.at) for e in self.ip_events
            ),
        )


def read_context(text: str | bytes) -> Context:
    """Read the JSON form; empty text tells nothing.

    Raises :class:`ContextRefused`, which names the fields to mend and repeats none of their values.
    """
    if not text:
        return NOTHING_TOLD
    try:
        told = ContextIn.model_validate_json(text)
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(map(str, e['loc'])) or 'context'}: {e['msg']}"
            for e in error.errors(include_input=False, include_url=False)
        )
        raise ContextRefused(f"The context is not valid: {wrong}.") from None
    return told.context()
