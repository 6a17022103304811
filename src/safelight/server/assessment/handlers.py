"""What is looked after by itself: no opinion strands with somebody who does not come back to it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from safelight.server.assessment.opinions import release_stranded
from safelight.server.jobs.leases import Lease
from safelight.server.jobs.registry import handler
from safelight.server.ledger.services import JSON


@handler("assessment.stranded", every=timedelta(minutes=10))
def stranded(_payload: Mapping[str, JSON], _lease: Lease) -> None:
    """Give back opinions of people who may not give them any more, or have had them for a day."""
    release_stranded()
