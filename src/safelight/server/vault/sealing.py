"""Evidence in: the bytes are durably stored first, and the row that says so is committed after."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Final

from django.db import IntegrityError, connection, transaction

from safelight.server.ids import now
from safelight.server.intake.models import Item
from safelight.server.ledger.services import record
from safelight.server.people.actors import Actor
from safelight.server.vault import place
from safelight.server.vault.errors import SealedTooLate
from safelight.server.vault.events import Event
from safelight.server.vault.keys import refuse_retired, sealing_key
from safelight.server.vault.models import SealedObject
from safelight.vault import evidence
from safelight.vault.evidence import Sealed

_PIECE: Final = 1 << 20


def live_object(item: Item) -> SealedObject | None:
    """The item's sealed object, unless there is none or it was destroyed.

    In a transaction it is locked, so that nothing destroys it before the transaction has opened its case.
    """
    live = SealedObject.objects.filter(item=item, state=SealedObject.State.SEALED)
    return (live.select_for_update() if connection.in_atomic_block else live).first()


def store_sealed(source_fd: int) -> Sealed:
    """Seal a whole file and store it durably. Call it outside any transaction, then :func:`keep`.

    What is never kept is an orphan that nobody can read, and is removed later. Raises
    :class:`~safelight.errors.StoreFull` and other :class:`~safelight.errors.VaultError`.
    """
    return evidence.seal(place.store(), sealing_key(), _pieces(source_fd))


def keep(sealed: Sealed, item: Item, *, actor: Actor) -> SealedObject:
    """Record a stored object in the current transaction, with its ledger row. Its clocks begin.

    An item that has a live object keeps that one, and the new bytes are removed after the commit. Raises
    :class:`SealingKeyRetired` and :class:`SealedTooLate`: seal again.
    """
    if (row := live_object(item)) is not None:
        transaction.on_commit(lambda: place.store().delete(sealed.object_id), robust=True)
        return row
    refuse_retired(sealed.record.wrapping_key)
    try:
        with transaction.atomic():
            row = SealedObject.objects.create(
                id=sealed.object_id,
                item=item,
                length=sealed.contents.length,
                sealed_size=sealed.sealed_size,
                wrapped_key=sealed.record.to_bytes(),
                wrapping_key=sealed.record.wrapping_key,
                sealed_at=now(),
                since=now(),
            )
    except IntegrityError:
        if (first := live_object(item)) is None:
            raise SealedTooLate(
                "The stored file was removed before it was recorded. Send it again."
            ) from None
        # Another transaction kept the same item a moment earlier.
        transaction.on_commit(lambda: place.store().delete(sealed.object_id), robust=True)
        return first
    record(
        Event.EVIDENCE_SEALED,
        actor,
        subject=row.pk,
        payload={"item": str(item.pk), "length": row.length, "key": row.wrapping_key},
    )
    return row


def seal(item: Item, source_fd: int, *, actor: Actor) -> SealedObject:
    """Store and record in one step, where the caller has no transaction of its own. Raises as both do."""
    sealed = store_sealed(source_fd)
    with transaction.atomic(durable=True):
        return keep(sealed, item, actor=actor)


def _pieces(fd: int) -> Iterator[bytes]:
    start = 0
    while piece := os.pread(fd, _PIECE, start):
        yield piece
        start += len(piece)
