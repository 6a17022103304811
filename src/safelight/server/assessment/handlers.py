"""What is done without anybody: opinions do not strand, and what joined a case is searched for in others."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

from safelight.server.assessment.elsewhere import SEARCH_JOB, search
from safelight.server.assessment.opinions import release_stranded
from safelight.server.intake.models import Item
from safelight.server.jobs.leases import Lease
from safelight.server.jobs.registry import handler
from safelight.server.ledger.services import JSON


@handler("assessment.stranded", every=timedelta(minutes=10))
def stranded(_payload: Mapping[str, JSON], _lease: Lease) -> None:
    """Give back opinions of people who may not give them any more, or have had them for a day."""
    release_stranded()


@handler(SEARCH_JOB)
def search_elsewhere(payload: Mapping[str, JSON], _lease: Lease) -> None:
    """Pair a file with what is alike in other cases."""
    item = Item.objects.filter(pk=UUID(str(payload["item"]))).first()
    if item is not None:  # else it was forgotten meanwhile
        search(item)
