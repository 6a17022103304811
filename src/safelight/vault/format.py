"""The layout of a sealed object: where its parts lie, and what binds each of them to its place.

::

    header   64 bytes, in clear and authenticated with every other part
             magic 8 ‖ format 2 ‖ zero 2 ‖ chunk size 4 ‖ object id 16 ‖ key identity 32
    chunks   each AES-256-GCM, at most `chunk size` bytes of content and a tag of 16
    trailer  56 bytes, AES-256-GCM over: content length 8 ‖ SHA-256 of the content 32

All numbers are big-endian. Chunk ``i`` has the nonce ``0 (4) ‖ i (8)`` and the associated data
``header ‖ 0 ‖ i (8) ‖ last (1)``; the trailer has the nonce ``1 (4) ‖ 0 (8)`` and the associated data
``header ‖ 1``. Nonces may be counted because no key ever seals a second object. The length and the digest
stand at the end because content is sealed while it streams in, and sealed because a digest may be a listed
value. The wrapped key is nowhere in the object: destroying its record destroys every copy of these bytes.

The size of the content can be read off the size of the object; the vault does not hide it.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from safelight.errors import ObjectDamaged, ObjectTooNew

FORMAT: Final = 1
CHUNK: Final = 1 << 20
"""Bytes of content in each chunk but the last."""

MAX_CHUNK: Final = 1 << 26
"""The largest chunk size that is believed, so that a forged header cannot ask for much memory."""

TAG: Final = 16

_MAGIC: Final = b"safelobj"
_HEADER: Final = struct.Struct(">8sHHI16s32s")
_TRAILER: Final = struct.Struct(">Q32s")

HEADER_BYTES: Final = _HEADER.size
TRAILER_BYTES: Final = _TRAILER.size + TAG
TRAILER_NONCE: Final = struct.pack(">IQ", 1, 0)


@dataclass(frozen=True, slots=True)
class Header:
    """What stands in clear at the start of an object."""

    object_id: UUID
    key_identity: bytes
    chunk_size: int = CHUNK

    def __post_init__(self) -> None:
        if not 1 <= self.chunk_size <= MAX_CHUNK:
            raise ValueError(f"a chunk has 1 to {MAX_CHUNK} bytes")

    def to_bytes(self) -> bytes:
        """The 64 bytes."""
        return _HEADER.pack(_MAGIC, FORMAT, 0, self.chunk_size, self.object_id.bytes, self.key_identity)

    @classmethod
    def parse(cls, raw: bytes) -> Header:
        """Read it back. Raises :class:`ObjectDamaged` or :class:`ObjectTooNew`."""
        if len(raw) != HEADER_BYTES or not raw.startswith(_MAGIC):
            raise ObjectDamaged("This is not a sealed object, or its first bytes were altered.")
        _, version, zero, chunk_size, object_id, key_identity = _HEADER.unpack(raw)
        if version > FORMAT:
            raise ObjectTooNew(
                f"The object has format {version}; this Safelight reads up to {FORMAT}. Upgrade."
            )
        if version < FORMAT or zero or not 1 <= chunk_size <= MAX_CHUNK:
            raise ObjectDamaged("The header of a sealed object was altered.")
        return cls(UUID(bytes=object_id), key_identity, chunk_size)


@dataclass(frozen=True, slots=True)
class Contents:
    """Length in bytes and SHA-256 of an object's content. The digest may be a listed value: never log it."""

    length: int
    sha256: bytes

    def to_bytes(self) -> bytes:
        """The trailer's plaintext."""
        return _TRAILER.pack(self.length, self.sha256)

    @classmethod
    def parse(cls, raw: bytes) -> Contents:
        """Read it back from an authenticated trailer."""
        return cls(*_TRAILER.unpack(raw))


@dataclass(frozen=True, slots=True)
class Geometry:
    """Where the chunks of an object lie; follows from the chunk size and the content's length alone."""

    chunk_size: int
    length: int

    @property
    def chunks(self) -> int:
        """How many chunks; an empty content has one, which is empty."""
        return max(1, -(-self.length // self.chunk_size))

    @property
    def sealed_size(self) -> int:
        """Bytes of the whole sealed object."""
        return HEADER_BYTES + self.length + TAG * self.chunks + TRAILER_BYTES

    @property
    def trailer_start(self) -> int:
        """Where the trailer begins."""
        return self.sealed_size - TRAILER_BYTES

    def is_last(self, index: int) -> bool:
        """Whether a chunk is the last one."""
        return index == self.chunks - 1

    def sealed_start(self, index: int) -> int:
        """Where a sealed chunk begins in the object."""
        return HEADER_BYTES + index * (self.chunk_size + TAG)

    def sealed_length(self, index: int) -> int:
        """Bytes of a sealed chunk, tag included."""
        return min(self.chunk_size, self.length - index * self.chunk_size) + TAG

    @classmethod
    def of_sealed_size(cls, chunk_size: int, size: int) -> Geometry:
        """The one geometry of that size. Raises :class:`ObjectDamaged` where there is none."""
        body = size - HEADER_BYTES - TRAILER_BYTES
        geometry = cls(chunk_size, body - TAG * max(1, -(-body // (chunk_size + TAG))))
        if geometry.length < 0 or geometry.sealed_size != size:
            raise ObjectDamaged("A sealed object was cut short or extended: no content has this size.")
        return geometry


def chunk_nonce(index: int) -> bytes:
    """The nonce of a chunk."""
    return struct.pack(">IQ", 0, index)


def chunk_binding(header: bytes, index: int, *, last: bool) -> bytes:
    """The associated data of a chunk: it opens in this object, at this place, and only there."""
    return header + struct.pack(">BQ?", 0, index, last)


def trailer_binding(header: bytes) -> bytes:
    """The associated data of the trailer."""
    return header + b"\x01"
