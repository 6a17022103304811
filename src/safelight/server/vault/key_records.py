"""The core's :class:`~safelight.vault.records.KeyRecords` over the database."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

from django.db import IntegrityError, connection, transaction

from safelight.errors import KeyRecordMissing, ObjectExists
from safelight.server.ids import now
from safelight.server.ledger.services import record
from safelight.server.people.actors import SystemActor
from safelight.server.vault.events import Event
from safelight.server.vault.models import SealedObject
from safelight.vault.wrapping import KeyRecord

_SEALED = SealedObject.State.SEALED


def key_record(row: SealedObject) -> KeyRecord:
    """The key record of a row. Raises :class:`KeyRecordMissing`, or ``KeyRecordDamaged``."""
    if row.wrapped_key is None:
        raise KeyRecordMissing(f"Object {row.pk} was destroyed; nobody can read it any more.")
    return KeyRecord.parse(row.pk, bytes(row.wrapped_key))


class DatabaseKeyRecords:
    """Wrapped keys in the rows of sealed objects. SQLite overwrites what is deleted (``secure_delete``)."""

    def add(self, record: KeyRecord) -> None:
        """See the protocol; the object belongs to no item."""
        try:
            with transaction.atomic():
                SealedObject.objects.create(
                    id=record.object_id, wrapped_key=record.to_bytes(), wrapping_key=record.wrapping_key
                )
        except IntegrityError:
            raise ObjectExists(f"Object {record.object_id} has a row already.") from None

    def get(self, object_id: UUID) -> KeyRecord:
        """See the protocol."""
        row = SealedObject.objects.filter(pk=object_id).first()
        if row is None:
            raise KeyRecordMissing(f"Object {object_id} was never recorded.")
        return key_record(row)

    def replace(self, old: KeyRecord, new: KeyRecord) -> bool:
        """See the protocol; one statement compares and sets."""
        unchanged = SealedObject.objects.filter(
            pk=old.object_id, state=_SEALED, wrapped_key=old.to_bytes(), wrapping_key=old.wrapping_key
        )
        return bool(unchanged.update(wrapped_key=new.to_bytes(), wrapping_key=new.wrapping_key))

    def destroy(self, object_id: UUID) -> bool:
        """See the protocol; the ledger has a row for what a restored backup had brought back."""
        with transaction.atomic():
            if not erase(object_id):
                return False
            record(Event.EVIDENCE_DESTROYED, SystemActor("vault"), subject=object_id, payload={"again": True})
        forget_deleted_pages()
        return True

    def ids(self) -> Iterator[UUID]:
        """See the protocol."""
        return SealedObject.objects.filter(state=_SEALED).values_list("pk", flat=True).iterator()

    def __iter__(self) -> Iterator[KeyRecord]:
        rows = SealedObject.objects.filter(state=_SEALED).values_list("pk", "wrapped_key")
        return (KeyRecord.parse(pk, bytes(wrapped)) for pk, wrapped in rows.iterator() if wrapped is not None)


def erase(object_id: UUID) -> bool:
    """Erase a wrapped key in the current transaction; says whether there was one."""
    live = SealedObject.objects.filter(pk=object_id, state=_SEALED)
    gone = SealedObject.State.DESTROYED
    return bool(live.update(state=gone, wrapped_key=None, wrapping_key="", destroyed_at=now()))


def forget_deleted_pages() -> None:
    """Bring what was erased out of SQLite's write-ahead log too; on PostgreSQL a rotation ends it."""
    if connection.vendor == "sqlite" and not connection.in_atomic_block:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
