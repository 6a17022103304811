"""What is done about look-ups later: files that were not delivered in time are told, old rows go."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from django.conf import settings

from safelight.server.ids import now
from safelight.server.jobs.leases import Lease
from safelight.server.jobs.registry import handler
from safelight.server.ledger.services import JSON
from safelight.server.lookups.models import LookUp
from safelight.server.lookups.services import alarm_overdue

_BATCH: Final = 5_000


@handler("lookups.overdue", every=timedelta(minutes=10))
def overdue(_payload: Mapping[str, JSON], _lease: Lease) -> None:
    """Tell of files that are awaited in vain."""
    alarm_overdue()


@handler("lookups.forget", every=timedelta(days=1))
def forget(_payload: Mapping[str, JSON], lease: Lease) -> None:
    """Delete what look-ups were answered once nobody repeats them any more (``retention.seen_days``)."""
    before = now() - timedelta(days=max(1, settings.CONFIG.retention.seen_days))
    while True:
        lease.check()
        batch = list(LookUp.objects.filter(at__lt=before).values_list("pk", flat=True)[:_BATCH])
        if not batch:
            return
        LookUp.objects.filter(pk__in=batch).delete()
