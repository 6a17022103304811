"""Scans what was sealed unscanned, from the vault, and gives everything that waited for it its verdict."""

from __future__ import annotations

from importlib.metadata import version
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import transaction

from safelight.server.ids import now
from safelight.server.intake.counting import count_not_permitted
from safelight.server.intake.items import observed
from safelight.server.intake.legal import NotPermitted, basis_for
from safelight.server.intake.models import Item, Unscanned
from safelight.server.intake.record_keys import record_keys
from safelight.server.intake.scanning import scan_spool
from safelight.server.intake.unscanned import the_cause_is_gone
from safelight.server.intake.waiting import conclude, refuse_waiting, still_unscanned
from safelight.server.jobs.leases import Lease
from safelight.server.people.actors import SystemActor
from safelight.server.vault import services as vault
from safelight.server.vault.models import SealedObject
from safelight.types import Outcome, UnscannedReason
from safelight.vault.spool import Spool

_SCAN: Final = SystemActor("scan")
_PIECE: Final = 64 << 20
"""Each piece that is read has a row of its own in the ledger."""


def scan_waiting(item_id: UUID, lease: Lease) -> None:
    """Scan an item that waits. Whatever became of it meanwhile, doing this again does no harm.

    Raises :class:`~safelight.errors.SafelightError` where its bytes cannot be read; it is tried again then.
    """
    refuse_what_is_not_permitted(item_id)
    row = Unscanned.objects.filter(item=item_id, state=Unscanned.State.WAITING).first()
    live = SealedObject.objects.filter(item=item_id, state=SealedObject.State.SEALED).first()
    if row is None or live is None:
        return
    with Spool(settings.CONFIG.workspace, limit=live.length) as spool:
        for start in range(0, live.length, _PIECE):
            lease.check()
            spool.write(vault.read(_SCAN, live.pk, start, _PIECE, "It could not be scanned when it arrived."))
        spool.finish()
        scanned = scan_spool(spool)
    before, verdict = UnscannedReason(row.reason), scanned.result.verdict
    with lease.finishing():
        item = Item.objects.select_for_update(no_key=True).get(pk=item_id)
        keys = record_keys()
        observed(item, scanned, keys)
        if verdict.outcome is Outcome.UNSCANNED:
            assert verdict.reason is not None
            still_unscanned(item, verdict.reason, version("safelight"))
        else:
            conclude(item, scanned.result, keys)
        if verdict.reason is not before:
            the_cause_is_gone(before)


def refuse_what_is_not_permitted(item_id: UUID) -> None:
    """Let go of private communications whose legal basis has ended since they arrived, unread."""
    with transaction.atomic():
        item = Item.objects.select_for_update(no_key=True).filter(pk=item_id).first()
        if item is None:
            return
        private = item.occurrences.filter(private=True, membership=None, surface__isnull=False)
        for occurrence in private.select_related("surface", "intake"):
            assert occurrence.surface is not None
            if isinstance(basis_for(occurrence.surface, occurrence.country, now()), NotPermitted):
                count_not_permitted(occurrence.surface)
                refuse_waiting(item, occurrence)
