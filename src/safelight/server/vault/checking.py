"""Is every piece of evidence there and whole? For whoever holds the root key; no server needs to run."""

from __future__ import annotations

from collections.abc import Callable

from safelight.server.ids import now
from safelight.server.vault import place
from safelight.server.vault.destroying import logged_destructions
from safelight.server.vault.key_records import DatabaseKeyRecords
from safelight.server.vault.models import SealedObject
from safelight.server.vault.orphans import GRACE
from safelight.vault.check import CheckReport, Progress, check
from safelight.vault.wrapping import Keeper


def check_evidence(
    keeper: Keeper, *, sample: int | None = None, progress: Callable[[Progress], None] | None = None
) -> CheckReport:
    """Look for every object, and read all, or about ``sample`` of them chosen at random, to the end.

    Raises :class:`~safelight.errors.DestructionLogDamaged` and :class:`~safelight.errors.StoreUnavailable`.
    """
    logged_destructions()
    recorded = SealedObject.objects.filter(state=SealedObject.State.SEALED).count()
    share = 1.0 if sample is None else sample / max(recorded, 1)
    return check(
        place.store(), DatabaseKeyRecords(), keeper, now=now(), sample=share, grace=GRACE, progress=progress
    )
