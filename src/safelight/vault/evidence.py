"""Evidence in and out: content to a sealed object and a key record, and back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from safelight.ids import uuid7
from safelight.vault.format import Contents
from safelight.vault.opening import OpenedObject
from safelight.vault.sealing import Sealing
from safelight.vault.stores.protocol import ObjectStore
from safelight.vault.wrapping import Keeper, KeyRecord, SealingKey


@dataclass(frozen=True, slots=True)
class Sealed:
    """An object that is durably stored, and the record without which nobody will ever read it.

    ``sealed_size`` is in bytes, as stored. Keep ``record`` in the transaction that says the evidence is held:
    until then the object is an orphan, which ``check`` reports and which holds no readable content.
    """

    record: KeyRecord
    contents: Contents
    sealed_size: int

    @property
    def object_id(self) -> UUID:
        """The object's id, a UUIDv7."""
        return self.record.object_id


def seal(store: ObjectStore, to: SealingKey, pieces: Iterable[bytes]) -> Sealed:
    """Seal content as it streams in, under a new id.

    A failed attempt is repeated by sealing anew, never under the same id. Raises what the store's ``put``
    raises, and whatever ``pieces`` raises.
    """
    sealing = Sealing(UUID(uuid7()), pieces)
    size = store.put(sealing.object_id, sealing)
    return Sealed(to.wrap(sealing.key, sealing.object_id), sealing.contents, size)


def open_sealed(store: ObjectStore, keeper: Keeper, record: KeyRecord) -> OpenedObject:
    """Open an object for reading; see :class:`~safelight.vault.opening.OpenedObject` for what it raises."""
    return OpenedObject(store, record.object_id, keeper.unwrap(record))
