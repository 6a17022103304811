"""Telling the operator's systems: a message is a row and a job in the transaction that it tells of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import connection, transaction

from safelight.server.ids import now
from safelight.server.jobs.services import enqueue
from safelight.server.ledger.services import JSON, record
from safelight.server.people.actors import Actor
from safelight.server.people.permissions import require
from safelight.server.people.roles import Permission
from safelight.server.webhooks.errors import NoSuchEndpoint
from safelight.server.webhooks.events import Event
from safelight.server.webhooks.kinds import Kind, checked
from safelight.server.webhooks.models import Delivery, Endpoint

DELIVER: Final = "webhooks.deliver"
MOST_AT_ONCE: Final = 200


def emit(kind: Kind | str, payload: Mapping[str, JSON]) -> None:
    """Tell every endpoint that asked for this kind, once the current transaction commits and not otherwise.

    Raises :class:`~.errors.WebhookError` for data that :data:`~.kinds.FIELDS` does not allow, ``ValueError``
    for a kind that there is not, and ``TransactionManagementError`` outside a transaction.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError(
            "A message is written by the transaction that it tells of; there is none."
        )
    kind = Kind(kind)
    data = checked(kind, payload)
    for endpoint in Endpoint.objects.filter(retired_at=None):
        if kind.value in endpoint.kinds:
            delivery = Delivery.objects.create(
                endpoint=endpoint, kind=kind.value, data=data, happened_at=now()
            )
            _enqueue(delivery)


def deliveries(
    actor: Actor, *, state: Delivery.State | None = None, before: datetime | None = None, limit: int = 50
) -> Sequence[Delivery]:
    """Messages, the newest first: what became of each, and why."""
    require(actor, Permission.SETTINGS_CHANGE)
    found = Delivery.objects.select_related("endpoint").order_by("-happened_at")
    if state is not None:
        found = found.filter(state=state)
    if before is not None:
        found = found.filter(happened_at__lt=before)
    return list(found[: min(limit, MOST_AT_ONCE)])


def resend(actor: Actor, delivery_id: UUID) -> Delivery:
    """Send a message that was given up again, under the id that it had. Raises :class:`NoSuchEndpoint`."""
    require(actor, Permission.SETTINGS_CHANGE)
    with transaction.atomic():
        dead = Delivery.objects.filter(pk=delivery_id, state=Delivery.State.DEAD, endpoint__retired_at=None)
        if not dead.update(state=Delivery.State.WAITING, settled_at=None):
            raise NoSuchEndpoint(
                "Only a message that was given up, to an endpoint still in use, is sent again."
            )
        delivery = Delivery.objects.get(pk=delivery_id)
        _enqueue(delivery)
        record(Event.DELIVERY_RESENT, actor, subject=delivery_id, payload={"kind": delivery.kind})
    return delivery


def _enqueue(delivery: Delivery) -> None:
    enqueue(DELIVER, {"delivery": str(delivery.pk)})
