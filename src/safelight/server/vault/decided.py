"""How a finished case moves the clocks of its evidence: by every decision about the item."""

from __future__ import annotations

from datetime import datetime

from safelight.server.cases.models import Decision
from safelight.server.intake.models import Item
from safelight.server.people.actors import Actor
from safelight.server.vault.clocks import stands
from safelight.server.vault.models import SealedObject
from safelight.server.vault.sealing import live_object
from safelight.vault.retention import Standing


def stand_as_decided(actor: Actor, item: Item, at: datetime) -> None:
    """In the transaction that finishes a case: dismissed, or confirmed and to be reported."""
    row = live_object(item)
    if row is None:
        return
    standing = Decision.objects.filter(occurrence__item=item, superseded_by__isnull=True)
    outcomes = set(standing.values_list("outcome", flat=True))
    if outcomes == {Decision.Outcome.DISMISSED}:
        stands(actor, row.pk, Standing.DISMISSED, at)
    elif Decision.Outcome.CONFIRMED in outcomes and row.standing != SealedObject.Standing.UNFINISHED:
        stands(actor, row.pk, Standing.UNFINISHED, at)
