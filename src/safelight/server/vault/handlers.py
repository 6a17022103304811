"""What the vault does by itself, again and again; each can be killed and repeated at any time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

from safelight.server.jobs.leases import Lease
from safelight.server.jobs.registry import handler
from safelight.server.ledger.services import JSON
from safelight.server.vault.destroying import purge_once
from safelight.server.vault.orphans import remove_orphans_once
from safelight.server.vault.preserving import SEAL_CONTEXT, seal_context
from safelight.server.vault.rotating import rewrap_once


@handler("vault.purge", every=timedelta(hours=1))
def purge(_payload: Mapping[str, JSON], _lease: Lease) -> None:
    """Destroy what has reached its time."""
    purge_once()


@handler("vault.orphans", every=timedelta(hours=1))
def orphans(_payload: Mapping[str, JSON], _lease: Lease) -> None:
    """Remove stored bytes that were never recorded."""
    remove_orphans_once()


@handler("vault.rewrap", every=timedelta(hours=1))
def rewrap(_payload: Mapping[str, JSON], _lease: Lease) -> None:
    """After a rotation, wrap every key record to the new key; else only prove the keys that the vault has."""
    rewrap_once()


@handler(SEAL_CONTEXT)
def context(payload: Mapping[str, JSON], _lease: Lease) -> None:
    """After a receipt: seal the case's texts, accounts and addresses as they stand."""
    seal_context(UUID(str(payload["preserved"])))
