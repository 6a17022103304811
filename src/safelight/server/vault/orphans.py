"""Bytes that were stored and never recorded, because something was killed in between: found and removed."""

from __future__ import annotations

from datetime import timedelta
from typing import Final
from uuid import UUID

from django.db import IntegrityError, transaction

from safelight.server.ids import now
from safelight.server.ledger.services import record
from safelight.server.people.actors import SystemActor
from safelight.server.vault import place
from safelight.server.vault.events import Event
from safelight.server.vault.models import SealedObject
from safelight.vault.check import sealed_at

GRACE: Final = timedelta(hours=1)
"""Longer than any request takes from storing to recording. One that takes longer is told to seal again."""


def remove_orphans_once(*, grace: timedelta = GRACE) -> int:
    """Remove what no row knows and is older than ``grace``; how many. The job worker runs this."""
    old = {object_id for object_id in place.store().ids() if sealed_at(object_id) < now() - grace}
    live = SealedObject.objects.filter(state=SealedObject.State.SEALED)
    unknown = old.difference(live.values_list("pk", flat=True))
    return sum(_remove(object_id) for object_id in sorted(unknown))


def _remove(object_id: UUID) -> bool:
    # The id is taken before the bytes go: whoever would still record it fails then, instead of committing a
    # row without bytes.
    try:
        with transaction.atomic():
            _, is_new = SealedObject.objects.get_or_create(
                id=object_id,
                defaults={"state": SealedObject.State.ABANDONED, "destroyed_at": now()},
            )
            if is_new:
                record(Event.EVIDENCE_ABANDONED, SystemActor("jobs"), subject=object_id)
    except IntegrityError:
        return False
    if SealedObject.objects.filter(pk=object_id, state=SealedObject.State.SEALED).exists():
        return False
    place.store().delete(object_id)
    return True
