"""What is looked after by itself: silent views end, breaks begin, what must not wait is handed over."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from safelight.server.jobs.leases import Lease
from safelight.server.jobs.registry import handler
from safelight.server.ledger.services import JSON
from safelight.server.review.budgets import begin_due_breaks
from safelight.server.review.seen import end_silent
from safelight.server.review.unusual import notice_passes


@handler("review.breaks", every=timedelta(minutes=1))
def breaks(_payload: Mapping[str, JSON], _lease: Lease) -> None:
    """End views of which nobody speaks any more, and begin the breaks that are due."""
    end_silent()
    begin_due_breaks()


@handler("review.unusual", every=timedelta(minutes=10))
def unusual(_payload: Mapping[str, JSON], _lease: Lease) -> None:
    """Tell lead and auditor of cases looked into and passed on."""
    notice_passes()
