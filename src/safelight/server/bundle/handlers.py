"""What is done about bundles by itself; each can be killed and repeated at any time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

from safelight.server.bundle.asking import MAKE
from safelight.server.bundle.fetching import remove_old
from safelight.server.bundle.making import make
from safelight.server.jobs.leases import Lease
from safelight.server.jobs.registry import handler
from safelight.server.ledger.services import JSON


@handler(MAKE, attempts=10, longest_seconds=6 * 3_600.0)
def make_bundle(payload: Mapping[str, JSON], _lease: Lease) -> None:
    """Make a bundle that two people released."""
    make(UUID(str(payload["bundle"])))


@handler("bundle.remove", every=timedelta(hours=1))
def remove_bundles(_payload: Mapping[str, JSON], _lease: Lease) -> None:
    """Remove what has lain long enough."""
    remove_old()
