"""Reading a sealed object, whole or in ranges, fetching and opening only the chunks that a range touches."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator
from uuid import UUID

from cryptography.exceptions import InvalidTag

from safelight.errors import KeyRecordDamaged, ObjectDamaged
from safelight.vault.format import (
    HEADER_BYTES,
    TRAILER_BYTES,
    TRAILER_NONCE,
    Contents,
    Geometry,
    Header,
    chunk_binding,
    chunk_nonce,
    trailer_binding,
)
from safelight.vault.object_key import ObjectKey
from safelight.vault.stores.protocol import ObjectStore


class OpenedObject:
    """A sealed object whose header and trailer have been proven. Safe to use from several threads.

    Nothing is returned that was not authenticated. A change of the stored bytes while the object is open is
    noticed like any other.
    """

    def __init__(self, store: ObjectStore, object_id: UUID, key: ObjectKey) -> None:
        """Fetch and prove header and trailer.

        Raises :class:`~safelight.errors.ObjectMissing`, :class:`~safelight.errors.ObjectDamaged`,
        :class:`~safelight.errors.ObjectTooNew`, or :class:`~safelight.errors.KeyRecordDamaged` where the
        key is another object's.
        """
        self.object_id = object_id
        self._store = store
        size = store.size(object_id)
        if size < HEADER_BYTES + TRAILER_BYTES:
            raise ObjectDamaged(f"Object {object_id} was cut short. Restore it from a backup of the store.")
        self._header = store.get(object_id, 0, HEADER_BYTES)
        header = Header.parse(self._header)
        if header.object_id != object_id:
            raise ObjectDamaged(f"Object {header.object_id} lies where object {object_id} should be.")
        if not hmac.compare_digest(header.key_identity, key.identity(object_id)):
            raise KeyRecordDamaged(
                f"The key of object {object_id} is another object's, or the header was altered."
            )
        self._cipher = key.cipher(object_id)
        self._geometry = Geometry.of_sealed_size(header.chunk_size, size)
        trailer = store.get(object_id, self._geometry.trailer_start, TRAILER_BYTES)
        self.contents = Contents.parse(
            self._open(TRAILER_NONCE, trailer, trailer_binding(self._header), "trailer")
        )
        if self.contents.length != self._geometry.length:
            raise ObjectDamaged(f"Object {object_id} was cut short or extended.")

    @property
    def length(self) -> int:
        """Bytes of the content."""
        return self.contents.length

    def stream(self, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """The content from ``start``, chunk by chunk; like a file, it ends early at the content's end."""
        if start < 0 or (length is not None and length < 0):
            raise ValueError("a range has no negative ends")
        end = self.length if length is None else min(start + length, self.length)
        if start >= end:
            return
        size = self._geometry.chunk_size
        for index in range(start // size, (end - 1) // size + 1):
            begins = index * size
            yield self._chunk(index)[max(0, start - begins) : end - begins]

    def read(self, start: int = 0, length: int | None = None) -> bytes:
        """A range of the content; see :meth:`stream`, which needs less memory for long ones."""
        return b"".join(self.stream(start, length))

    def verify(self) -> None:
        """Open every chunk and compare the digest. Raises :class:`~safelight.errors.ObjectDamaged`."""
        digest = hashlib.sha256()
        for index in range(self._geometry.chunks):
            digest.update(self._chunk(index))
        if not hmac.compare_digest(digest.digest(), self.contents.sha256):
            raise ObjectDamaged(f"The content of object {self.object_id} is not what was sealed.")

    def _chunk(self, index: int) -> bytes:
        sealed = self._store.get(
            self.object_id, self._geometry.sealed_start(index), self._geometry.sealed_length(index)
        )
        binding = chunk_binding(self._header, index, last=self._geometry.is_last(index))
        return self._open(chunk_nonce(index), sealed, binding, f"chunk {index}")

    def _open(self, nonce: bytes, sealed: bytes, binding: bytes, what: str) -> bytes:
        try:
            return self._cipher.decrypt(nonce, sealed, binding)
        except InvalidTag:
            raise ObjectDamaged(
                f"The {what} of object {self.object_id} was altered, and was not used. "
                "Restore the object from a backup of the store."
            ) from None
