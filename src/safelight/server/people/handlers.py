"""What ends by itself among people: proposals that nobody decided, and sessions that are over."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from safelight.server.jobs.leases import Lease
from safelight.server.jobs.registry import handler
from safelight.server.ledger.services import JSON
from safelight.server.people.proposals import expire_proposals
from safelight.server.people.sessions import clear_sessions


@handler("people.proposals", every=timedelta(minutes=10))
def proposals(_payload: Mapping[str, JSON], _lease: Lease) -> None:
    """Close proposals that nobody decided in time."""
    expire_proposals()


@handler("people.sessions", every=timedelta(hours=6))
def sessions(_payload: Mapping[str, JSON], _lease: Lease) -> None:
    """Delete sessions that are over, and what is shown of them."""
    clear_sessions()
