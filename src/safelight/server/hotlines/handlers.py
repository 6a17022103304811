"""The jobs of this room: driving reports on, and watching that none is forgotten."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Final
from uuid import UUID

from safelight.server.hotlines.driving import drive
from safelight.server.hotlines.overdue import tell_what_is_not_reported
from safelight.server.hotlines.queueing import SEND
from safelight.server.hotlines.watching import watch
from safelight.server.jobs.leases import Lease
from safelight.server.jobs.registry import handler
from safelight.server.ledger.services import JSON

ATTEMPTS: Final = 100
"""Of one run, which ends at each pause: only workers that are killed use them up."""

LONGEST_SECONDS: Final = 6 * 3_600.0
"""Of one run: time for a video of many gigabytes on a slow line."""


@handler(SEND, attempts=ATTEMPTS, longest_seconds=LONGEST_SECONDS, lane=SEND)
def send(payload: Mapping[str, JSON], lease: Lease) -> None:
    """Drive one report on."""
    drive(UUID(str(payload["report"])), lease)


@handler("hotlines.watch", every=timedelta(minutes=5))
def watching(_payload: Mapping[str, JSON], _lease: Lease) -> None:
    """Look at every report that is on its way."""
    watch()


@handler("hotlines.overdue", every=timedelta(minutes=15))
def overdue(_payload: Mapping[str, JSON], _lease: Lease) -> None:
    """Look at everything that is confirmed and not handed over."""
    tell_what_is_not_reported()
