"""Key records, apart from the sealed bytes: to destroy a record is to destroy every copy of its object."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Lock
from typing import Protocol
from uuid import UUID

from safelight.errors import KeyRecordMissing, ObjectExists
from safelight.vault.wrapping import Keeper, KeyRecord


class KeyRecords(Protocol):
    """The wrapped keys, one an object; the server keeps them in its database, which is backed up.

    A database keeps old row versions for a while (free pages, write-ahead logs, dead tuples, backups), so an
    implementation erases eagerly (SQLite: ``PRAGMA secure_delete=ON``), and :func:`rewrap_all` after a
    rotation ends what is left: the old copies open only with a private key that is then dropped.
    """

    def add(self, record: KeyRecord) -> None:
        """Keep the record of a new object. Raises :class:`~safelight.errors.ObjectExists`."""
        ...

    def get(self, object_id: UUID) -> KeyRecord:
        """One record. Raises :class:`~safelight.errors.KeyRecordMissing`."""
        ...

    def replace(self, old: KeyRecord, new: KeyRecord) -> bool:
        """Put a rewrapped record in place of ``old``, if that is still there; says whether it was."""
        ...

    def destroy(self, object_id: UUID) -> bool:
        """Erase a record, durably when this returns; says whether there was one."""
        ...

    def ids(self) -> Iterator[UUID]:
        """Every object that has a record, damaged or not, in no order."""
        ...

    def __iter__(self) -> Iterator[KeyRecord]:
        """Every record, in no order. Raises :class:`~safelight.errors.KeyRecordDamaged` at the first."""
        ...


class MemoryKeyRecords:
    """:class:`KeyRecords` in memory: the double that tests use."""

    def __init__(self) -> None:
        self._records: dict[UUID, KeyRecord] = {}
        self._lock = Lock()

    def add(self, record: KeyRecord) -> None:
        """See the protocol."""
        with self._lock:
            if record.object_id in self._records:
                raise ObjectExists(f"Object {record.object_id} has a key record already.")
            self._records[record.object_id] = record

    def get(self, object_id: UUID) -> KeyRecord:
        """See the protocol."""
        try:
            return self._records[object_id]
        except KeyError:
            raise KeyRecordMissing(
                f"Object {object_id} has no key record: it was destroyed, or never recorded."
            ) from None

    def replace(self, old: KeyRecord, new: KeyRecord) -> bool:
        """See the protocol."""
        with self._lock:
            if self._records.get(old.object_id) != old:
                return False
            self._records[old.object_id] = new
            return True

    def destroy(self, object_id: UUID) -> bool:
        """See the protocol."""
        with self._lock:
            return self._records.pop(object_id, None) is not None

    def ids(self) -> Iterator[UUID]:
        """See the protocol."""
        with self._lock:
            known = tuple(self._records)
        return iter(known)

    def __iter__(self) -> Iterator[KeyRecord]:
        with self._lock:
            known = tuple(self._records.values())
        return iter(known)


def rewrap_all(records: KeyRecords, keeper: Keeper) -> int:
    """Wrap every record to the keeper's current key; returns how many were.

    Can be killed and repeated. Once it returns with nothing left to do, the old pairs can be dropped. A
    record that is destroyed meanwhile stays destroyed: only one that is still there is replaced.
    """
    return sum(
        records.replace(record, keeper.rewrap(record)) for record in records if not keeper.is_current(record)
    )
