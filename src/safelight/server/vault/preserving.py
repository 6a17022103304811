"""What a hotline's receipt starts: the case's files, and its texts, accounts and addresses, are kept.

Called by the room of hotlines in the transaction that stores a finish receipt of a production hotline. A test
or mock report starts no clock and must not call it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import connection, transaction

from safelight.errors import UsageError
from safelight.server.cases.models import Case, Decision
from safelight.server.ids import now
from safelight.server.jobs.services import enqueue
from safelight.server.ledger.services import record
from safelight.server.people.actors import Actor, SystemActor
from safelight.server.vault import place
from safelight.server.vault.clocks import stands
from safelight.server.vault.context import context_of
from safelight.server.vault.events import Event
from safelight.server.vault.keys import refuse_retired, sealing_key
from safelight.server.vault.models import Preserved, SealedObject
from safelight.vault import evidence
from safelight.vault.retention import Standing

SEAL_CONTEXT: Final = "vault.seal_context"
_JOBS: Final = SystemActor("jobs")


def on_receipt(case: Case, at: datetime, *, reference: str = "", actor: Actor = _JOBS) -> Preserved:
    """A report about the case was receipted at a time: keep what belongs to it, from then on.

    What was confirmed in the case stands as reported, and all else in it as its context; a later receipt
    moves the beginning on, an earlier one never back. A job then seals the context. The same receipt told
    twice changes nothing. Raises :class:`~safelight.errors.UsageError` for a time without its zone, and
    ``TransactionManagementError`` outside a transaction.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError(
            "A receipt is stored in the transaction that starts its clocks; there is none."
        )
    if at.tzinfo is None:
        raise UsageError("A receipt's time needs its time zone.")
    kept, is_new = Preserved.objects.get_or_create(case=case, at=at, reference=reference)
    if not is_new:
        return kept
    confirmed = Decision.objects.filter(
        case=case, outcome=Decision.Outcome.CONFIRMED, superseded_by__isnull=True
    )
    reported = set(confirmed.values_list("occurrence__item", flat=True))
    live = SealedObject.objects.filter(
        item__occurrences__membership__case=case, state=SealedObject.State.SEALED
    )
    objects = sorted(set(live.values_list("pk", "item_id")))
    for object_id, item_id in objects:
        stands(actor, object_id, Standing.REPORTED if item_id in reported else Standing.CONTEXT, at)
    record(
        Event.EVIDENCE_PRESERVED,
        actor,
        subject=case.pk,
        payload={"from": at.isoformat(), "reference": reference, "objects": len(objects)},
    )
    enqueue(SEAL_CONTEXT, {"preserved": str(kept.pk)}, key=f"{SEAL_CONTEXT}:{kept.pk}")
    return kept


def seal_context(preserved_id: UUID) -> SealedObject:
    """Seal the case's context as an object of its own, with the same clock. Doing it again changes nothing.

    Raises :class:`~safelight.errors.VaultError`: try again.
    """
    kept = Preserved.objects.select_related("case", "context").get(pk=preserved_id)
    if kept.context is not None:
        return kept.context
    sealed = evidence.seal(place.store(), sealing_key(), [context_of(kept.case).to_bytes()])
    with transaction.atomic(durable=True):
        locked = Preserved.objects.select_for_update(of=("self",)).get(pk=preserved_id)
        if locked.context is not None:
            place.store().delete(sealed.object_id)
            return locked.context
        refuse_retired(sealed.record.wrapping_key)
        row = SealedObject.objects.create(
            id=sealed.object_id,
            length=sealed.contents.length,
            sealed_size=sealed.sealed_size,
            wrapped_key=sealed.record.to_bytes(),
            wrapping_key=sealed.record.wrapping_key,
            sealed_at=now(),
            standing=SealedObject.Standing.CONTEXT,
            since=locked.at,
        )
        locked.context = row
        locked.save(update_fields=["context"])
        record(
            Event.EVIDENCE_SEALED,
            _JOBS,
            subject=row.pk,
            payload={"context_of": str(locked.case_id), "length": row.length, "key": row.wrapping_key},
        )
    return row
