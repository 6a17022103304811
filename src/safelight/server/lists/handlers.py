"""What lists do by themselves; each can be killed and repeated at any time."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Final
from uuid import UUID

from safelight.server.jobs.leases import Lease
from safelight.server.jobs.registry import handler
from safelight.server.jobs.services import enqueue
from safelight.server.ledger.services import JSON
from safelight.server.lists.conduct import judge_lists
from safelight.server.lists.finding import open_found, open_released
from safelight.server.lists.keeping_watch import watch_reviews, watch_sources
from safelight.server.lists.models import HashList, ListState, RecheckHit, WaitingBatch
from safelight.server.lists.recheck import RELEASE_JOB, recheck_some
from safelight.server.lists.seen import number_pending
from safelight.server.lists.two_people import ADMIT_JOB
from safelight.server.lists.waiting import admit_some

TURN_SECONDS: Final = 20.0
"""A worker may be the only one: what takes longer goes on when others have had their turn."""


class _Turn:
    """Holds while a job may go on; raises when its lease was lost."""

    def __init__(self, lease: Lease) -> None:
        self._lease = lease
        self._ends = time.monotonic() + TURN_SECONDS

    def goes_on(self) -> bool:
        self._lease.check()
        return time.monotonic() < self._ends


@handler("lists.recheck", every=timedelta(minutes=1))
def recheck(_payload: Mapping[str, JSON], lease: Lease) -> None:
    """Search the past for what was listed since, and bring what was found into cases."""
    if not ListState.objects.filter(brought_in_at__isnull=False).exists():
        return
    number_pending()
    turn = _Turn(lease)
    while recheck_some(lease.check) and turn.goes_on():
        pass
    while open_found(lease.check) and turn.goes_on():
        pass


@handler(RELEASE_JOB)
def release(payload: Mapping[str, JSON], lease: Lease) -> None:
    """Bring what a person released into cases."""
    row = HashList.objects.filter(uid=UUID(str(payload["list"]))).first()
    if row is None:
        return  # removed meanwhile, and its finds with it
    turn = _Turn(lease)
    while row.recheck_hits.filter(state=RecheckHit.State.RELEASED).exists():
        if not turn.goes_on():
            _again(RELEASE_JOB, payload, lease)
            return
        open_released(row, lease.check)


def _again(kind: str, payload: Mapping[str, JSON], lease: Lease) -> None:
    """Finish this turn and put the rest there for another, in one transaction."""
    with lease.finishing():
        enqueue(kind, payload)


@handler(ADMIT_JOB)
def admit(payload: Mapping[str, JSON], lease: Lease) -> None:
    """List the entries of an approved batch that was too large for its approval."""
    batch = WaitingBatch.objects.select_related("list").filter(pk=UUID(str(payload["batch"]))).first()
    turn = _Turn(lease)
    while batch is not None and admit_some(batch) is not None:
        if not turn.goes_on():
            _again(ADMIT_JOB, payload, lease)
            return


@handler("lists.judge", every=timedelta(minutes=5))
def judge(_payload: Mapping[str, JSON], _lease: Lease) -> None:
    """Let what is out of its range fall to hold."""
    judge_lists()


@handler("lists.watch", every=timedelta(minutes=15))
def watch(_payload: Mapping[str, JSON], _lease: Lease) -> None:
    """Sources that are overdue and review dates that passed."""
    watch_sources()
    watch_reviews()
