"""What is looked after by itself: no case strands with somebody who is gone, no complaint is forgotten."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from safelight.server.cases.complaints import alarm_overdue
from safelight.server.cases.handling import release_strays
from safelight.server.jobs.leases import Lease
from safelight.server.jobs.registry import handler
from safelight.server.ledger.services import JSON


@handler("cases.strays", every=timedelta(minutes=10))
def strays(_payload: Mapping[str, JSON], _lease: Lease) -> None:
    """Give back cases of people who may not work in them any more."""
    release_strays()


@handler("cases.complaints", every=timedelta(hours=1))
def complaints(_payload: Mapping[str, JSON], _lease: Lease) -> None:
    """Tell of complaints that were not answered in time."""
    alarm_overdue()
