"""The jobs of this room: driving reports on, and watching that none is forgotten."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Final
from uuid import UUID

from safelight.server.hotlines.driving import drive
from safelight.server.hotlines.queueing import SEND
from safelight.server.hotlines.watching import watch
from safelight.server.jobs.leases import Lease
from safelight.server.jobs.registry import handler
from safelight.server.ledger.services import JSON

ATTEMPTS: Final = 100
"""Of one run, which ends at each pause: only workers that are killed use them up."""


@handler(SEND, attempts=ATTEMPTS, lane=SEND)
def send(payload: Mapping[str, JSON], lease: Lease) -> None:
    """Drive one report on."""
    drive(UUID(str(payload["report"])), lease)


@handler("hotlines.watch", every=timedelta(minutes=5))
def watching(_payload: Mapping[str, JSON], _lease: Lease) -> None:
    """Look at every report that is on its way."""
    watch()
