"""What intake does later and by itself: scans what waits, tries again, and forgets in time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

from safelight.server.intake.places import forget_places
from safelight.server.intake.rescanning import scan_waiting
from safelight.server.intake.seen import forget, forget_old
from safelight.server.intake.unscanned import enqueue_due, expire_waiting
from safelight.server.intake.waiting import LET_GO_JOB, SCAN_JOB
from safelight.server.jobs.leases import Lease
from safelight.server.jobs.registry import handler
from safelight.server.ledger.services import JSON
from safelight.server.vault.services import destroy_unneeded


@handler(SCAN_JOB)
def scan(payload: Mapping[str, JSON], lease: Lease) -> None:
    """Scan one item that waits: a large file, video or archive in its turn, or what failed before."""
    scan_waiting(UUID(str(payload["item"])), lease)


@handler("intake.rescan", every=timedelta(minutes=1))
def rescan(_payload: Mapping[str, JSON], _lease: Lease) -> None:
    """Have tried again what is worth it."""
    enqueue_due()


@handler("intake.expire", every=timedelta(minutes=10))
def expire(_payload: Mapping[str, JSON], _lease: Lease) -> None:
    """Note and tell what could not be scanned in time, and forget the places of videos left for good."""
    expire_waiting()
    forget_places()


@handler(LET_GO_JOB)
def let_go(payload: Mapping[str, JSON], _lease: Lease) -> None:
    """Destroy bytes that were kept for a scan only, and forget what is seen nowhere."""
    item = UUID(str(payload["item"]))
    destroy_unneeded(item)
    forget(item)


@handler("intake.seen", every=timedelta(days=1))
def seen(_payload: Mapping[str, JSON], _lease: Lease) -> None:
    """Forget hashes that were kept for re-checking long enough, and what nothing else needs."""
    forget_old()
