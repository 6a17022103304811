"""Sealed objects in memory: the double that other rooms' tests, and ours, use."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from threading import Lock
from uuid import UUID

from safelight.errors import ObjectDamaged, ObjectExists, ObjectMissing


class MemoryStore:
    """An :class:`~safelight.vault.stores.protocol.ObjectStore` that forgets everything with its process."""

    def __init__(self) -> None:
        self.objects: dict[UUID, bytes] = {}
        self._lock = Lock()

    def put(self, object_id: UUID, pieces: Iterable[bytes]) -> int:
        """See the protocol."""
        whole = b"".join(pieces)
        with self._lock:
            if object_id in self.objects:
                raise ObjectExists(f"Object {object_id} is there already; seal again under a new id.")
            self.objects[object_id] = whole
        return len(whole)

    def get(self, object_id: UUID, start: int, length: int) -> bytes:
        """See the protocol."""
        found = self._find(object_id)[start : start + length]
        if len(found) != length:
            raise ObjectDamaged(f"Object {object_id} ends before byte {start + length}.")
        return found

    def size(self, object_id: UUID) -> int:
        """See the protocol."""
        return len(self._find(object_id))

    def delete(self, object_id: UUID) -> None:
        """See the protocol."""
        with self._lock:
            self.objects.pop(object_id, None)

    def ids(self, prefix: str = "") -> Iterator[UUID]:
        """See the protocol."""
        with self._lock:
            known = tuple(self.objects)
        return (object_id for object_id in known if str(object_id).startswith(prefix))

    def _find(self, object_id: UUID) -> bytes:
        try:
            return self.objects[object_id]
        except KeyError:
            raise ObjectMissing(f"No object {object_id} is in the evidence store.") from None
