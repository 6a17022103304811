"""The jobs' own work: done rows go after a while."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from safelight.server.jobs.clock import database_time
from safelight.server.jobs.leases import Lease
from safelight.server.jobs.models import Job
from safelight.server.jobs.registry import handler
from safelight.server.ledger.services import JSON

KEEP: Final = timedelta(days=30)
"""How long a done row is kept. Until then its key is taken."""
_BATCH: Final = 500


@handler("jobs.purge", every=timedelta(days=1))
def purge(_payload: Mapping[str, JSON], lease: Lease) -> None:
    """Delete rows of work that was done long ago; dead ones stay until a person has dealt with them."""
    before = database_time() - KEEP
    while True:
        lease.check()
        old = Job.objects.filter(state=Job.State.DONE, finished_at__lt=before).values_list("pk", flat=True)
        batch = list(old[:_BATCH])
        if not batch:
            return
        Job.objects.filter(pk__in=batch).delete()
