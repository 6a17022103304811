"""The job that hands messages over, with its attempts and its end."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import F

from safelight.server.ids import now
from safelight.server.jobs.leases import Lease
from safelight.server.jobs.registry import handler
from safelight.server.ledger.services import JSON
from safelight.server.webhooks.delivering import attempt
from safelight.server.webhooks.errors import NotDelivered
from safelight.server.webhooks.models import Delivery
from safelight.server.webhooks.services import DELIVER

ATTEMPTS: Final = 36
"""With a job's pauses, which double from seconds to an hour, about a day of trying."""
KEEP: Final = timedelta(days=30)
_LONGEST_ERROR: Final = 300


@handler(DELIVER, attempts=ATTEMPTS, lease_seconds=30)
def deliver(payload: Mapping[str, JSON], lease: Lease) -> None:
    """Try once. A last attempt that fails leaves a dead letter, which is the job's end and not its failure.

    A worker that is killed after the receiver answered sends the message again, under the same id.
    """
    delivery = Delivery.objects.select_related("endpoint").get(pk=UUID(str(payload["delivery"])))
    if delivery.state != Delivery.State.WAITING:
        return
    this = Delivery.objects.filter(pk=delivery.pk, state=Delivery.State.WAITING)
    if delivery.endpoint.retired_at is not None:
        this.update(state=Delivery.State.DEAD, settled_at=now(), last_error="The endpoint is retired.")
        return
    try:
        status = attempt(delivery)
    except NotDelivered as failed:
        told = {"last_status": failed.status or None, "last_error": str(failed)[:_LONGEST_ERROR]}
        if lease.attempt < lease.handler.attempts:
            this.update(attempts=F("attempts") + 1, **told)
            raise
        with lease.finishing():
            this.update(attempts=F("attempts") + 1, state=Delivery.State.DEAD, settled_at=now(), **told)
        return
    with lease.finishing():
        this.update(
            attempts=F("attempts") + 1,
            state=Delivery.State.DELIVERED,
            settled_at=now(),
            last_status=status,
            last_error="",
        )


@handler("webhooks.purge", every=timedelta(days=1))
def purge(_payload: Mapping[str, JSON], _lease: Lease) -> None:
    """Forget messages that were taken long ago; dead ones stay until somebody has dealt with them."""
    with transaction.atomic():
        old = Delivery.objects.filter(state=Delivery.State.DELIVERED, settled_at__lt=now() - KEEP)
        old.delete()
