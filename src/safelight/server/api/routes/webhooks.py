"""Webhooks: receivers and what became of their messages, for administrators with a second factor."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Schema, Status
from pydantic import ConfigDict, Field

from safelight.server.api.callers import PERSON, person_of
from safelight.server.api.documents import PROBLEMS
from safelight.server.webhooks import endpoints as receivers
from safelight.server.webhooks import services
from safelight.server.webhooks.kinds import Kind
from safelight.server.webhooks.models import Delivery

router: Final = Router(tags=["webhooks"], auth=PERSON)


class EndpointOut(Schema):
    """A receiver. ``earlier_until`` is when its earlier secret ends, after a rotation."""

    id: UUID
    url: str
    description: str
    kinds: list[str]
    created_at: datetime
    earlier_until: datetime | None


class EndpointIn(Schema):
    """A receiver to set up."""

    model_config = ConfigDict(extra="forbid")

    url: str = Field(min_length=1, max_length=500)
    kinds: list[Kind] = Field(min_length=1, max_length=len(Kind))
    description: str = Field("", max_length=200)


class SecretOut(Schema):
    """The secret to verify messages with. It is shown this once."""

    id: UUID
    secret: str


class DeliveryOut(Schema):
    """A message and what became of it."""

    id: UUID
    endpoint_id: UUID
    kind: str
    state: Delivery.State
    attempts: int
    last_status: int | None
    last_error: str
    happened_at: datetime
    settled_at: datetime | None


@router.get("/webhooks", response={200: list[EndpointOut], **PROBLEMS})
def endpoints(request: HttpRequest) -> object:
    """Every receiver in use, the newest first."""
    return receivers.endpoints(person_of(request))


@router.post("/webhooks", response={201: SecretOut, **PROBLEMS})
def make_endpoint(request: HttpRequest, told: EndpointIn) -> Status[SecretOut]:
    """Set a receiver up. The answer has its secret, this once."""
    made = receivers.make_endpoint(
        person_of(request), told.url, set(told.kinds), description=told.description
    )
    return Status(201, SecretOut(id=made.endpoint.pk, secret=made.secret))


@router.post("/webhooks/{uuid:endpoint_id}/secret", response={200: SecretOut, **PROBLEMS})
def rotate_secret(request: HttpRequest, endpoint_id: UUID) -> SecretOut:
    """Give a receiver a new secret. For a day the earlier one signs too."""
    made = receivers.rotate_secret(person_of(request), endpoint_id)
    return SecretOut(id=made.endpoint.pk, secret=made.secret)


@router.delete("/webhooks/{uuid:endpoint_id}", response={204: None, **PROBLEMS})
def retire_endpoint(request: HttpRequest, endpoint_id: UUID) -> Status[None]:
    """Send a receiver nothing more, what waits included."""
    receivers.retire_endpoint(person_of(request), endpoint_id)
    return Status(204, None)


@router.get("/webhooks/deliveries", response={200: list[DeliveryOut], **PROBLEMS})
def deliveries(
    request: HttpRequest,
    state: Delivery.State | None = None,
    before: datetime | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> object:
    """Messages, the newest first; with `state=dead` those that were given up."""
    return services.deliveries(person_of(request), state=state, before=before, limit=limit)


@router.post("/webhooks/deliveries/{uuid:delivery_id}/resend", response={200: DeliveryOut, **PROBLEMS})
def resend(request: HttpRequest, delivery_id: UUID) -> object:
    """Send a message that was given up again, under the id that it had."""
    return services.resend(person_of(request), delivery_id)
