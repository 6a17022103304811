"""What every evidence store promises: write once, read ranges, forget; it only ever sees sealed bytes.

``tests/unit/vault/stores/conformance.py`` holds the promises that every implementation is tested against.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol
from uuid import UUID


class ObjectStore(Protocol):
    """Sealed objects by id. Every method is safe to call from any thread and from several processes.

    Every method raises :class:`~safelight.errors.StoreUnavailable` when the store does not answer or refuses.
    """

    def put(self, object_id: UUID, pieces: Iterable[bytes]) -> int:
        """Store an object, durably when this returns; returns its size in bytes.

        It appears under its name whole or not at all, whatever is killed when. Raises
        :class:`~safelight.errors.ObjectExists` for an id that is taken (make a new id, never retry one) and
        :class:`~safelight.errors.StoreFull`. What ``pieces`` raises passes through; nothing is stored then.
        """
        ...

    def get(self, object_id: UUID, start: int, length: int) -> bytes:
        """Exactly ``length`` bytes from ``start``.

        Raises :class:`~safelight.errors.ObjectMissing`, and :class:`~safelight.errors.ObjectDamaged` where
        the object ends before.
        """
        ...

    def size(self, object_id: UUID) -> int:
        """Bytes of an object. Raises :class:`~safelight.errors.ObjectMissing`."""
        ...

    def delete(self, object_id: UUID) -> None:
        """Forget an object; one that is not there is no error, so that a killed deletion can be repeated."""
        ...

    def ids(self, prefix: str = "") -> Iterator[UUID]:
        """The ids of the whole objects there are, in no order. ``prefix`` is of the id's text."""
        ...
