"""The records of an index log: batches of changes, each sealed, so that a stolen log hands nothing over.

A log file is a header of 64 bytes and records ``length u32 | CRC-32 u32 | nonce 12 | AES-256-GCM``. The
key is derived from the workspace's layout key and the file's salt; header and offset are authenticated with
every record, so none can be moved, repeated or taken from another log. The CRC, which needs no key, tells a
record that a crash left half-written from one that is whole.
"""

from __future__ import annotations

import hmac
import os
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import numpy.typing as npt
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from safelight.errors import IndexDamaged, IndexTooNew
from safelight.lists.store import Change, ChangeKind
from safelight.matching.kinds import Bytes2D, IndexedType, Rows

HEADER_BYTES: Final = 64
MAX_RECORD_BYTES: Final = 4 << 20
"""A longer length field is damage, not a record."""

_MAGIC: Final = b"SLXLOG\x00\x01"
_VERSION: Final = 1
_HEADER: Final = struct.Struct("<8sIIQQ16s12xI")
_FRAME: Final = struct.Struct("<II")
_PLAIN: Final = struct.Struct("<Q")
_NONCE: Final = 12
_TAG: Final = 16


def change_type(width: int) -> np.dtype[np.void]:
    """One change in a record: row, whether added (else withdrawn), and the value (zeros if withdrawn)."""
    return np.dtype([("row", "<u8"), ("added", "u1"), ("value", "u1", (width,))])


@dataclass(frozen=True, slots=True)
class Batch:
    """Changes in the store's order, and the sequence number reached with them."""

    sequence: int
    changes: npt.NDArray[np.void]

    @classmethod
    def of(cls, sequence: int, rows: Rows, added: npt.NDArray[np.bool_], values: Bytes2D) -> Self:
        """A batch from columns of equal length."""
        changes = np.zeros(len(rows), dtype=change_type(values.shape[1]))
        changes["row"], changes["added"], changes["value"] = rows, added, values
        return cls(sequence, changes)

    @classmethod
    def of_changes(cls, kind: IndexedType, changes: Sequence[Change], after: int) -> Self | None:
        """One type's part of the source's next changes, those above ``after``; None if it has none."""
        mine = [c for c in changes if c.sequence > after and c.signal_type == kind.signal_type]
        if not mine:
            return None
        # An added row without its value has been withdrawn since; the store no longer tells what it was.
        added = np.array([c.kind is ChangeKind.ADD and c.value is not None for c in mine])
        values = np.zeros((len(mine), kind.width), dtype=np.uint8)
        values[added] = kind.pack([c.value for c in mine if c.kind is ChangeKind.ADD and c.value is not None])
        rows = np.array([c.row for c in mine], dtype=np.uint64)
        return cls.of(changes[-1].sequence, rows, added, values)

    @classmethod
    def empty(cls, sequence: int, width: int) -> Self:
        """A mark: no change of this signal type happened up to the sequence."""
        return cls(sequence, np.zeros(0, dtype=change_type(width)))


@dataclass(frozen=True, slots=True)
class Header:
    """Whose log this is: the width of its values, its number, and the sequence that it follows."""

    width: int
    number: int
    start: int
    salt: bytes

    def pack(self) -> bytes:
        """The first 64 bytes of the file."""
        fields = (_MAGIC, _VERSION, self.width, self.number, self.start, self.salt)
        crc = zlib.crc32(_HEADER.pack(*fields, 0)[:-4])
        return _HEADER.pack(*fields, crc)

    def check(self, number: int, width: int, name: str) -> None:
        """Raise :class:`IndexDamaged` unless this is the header of that log."""
        if (self.number, self.width) != (number, width):
            raise IndexDamaged(f"{name} holds another log; the index writer rebuilds it.")

    @classmethod
    def parse(cls, raw: bytes, name: str) -> Self:
        """Read it back. Raises :class:`IndexDamaged` or :class:`IndexTooNew`."""
        if (
            len(raw) != HEADER_BYTES
            or raw[:6] != _MAGIC[:6]
            or zlib.crc32(raw[:-4]) != int.from_bytes(raw[-4:], "little")
        ):
            raise IndexDamaged(f"{name} is not a whole index log; the index writer rebuilds it.")
        _, version, width, number, start, salt, _ = _HEADER.unpack(raw)
        if version != _VERSION:
            raise IndexTooNew(
                f"{name} has version {version}, this Safelight reads {_VERSION}. Upgrade Safelight."
            )
        return cls(width, number, start, salt)


class RecordSeal:
    """Seals and opens the records of one log file."""

    def __init__(self, header: Header, layout_key: bytes) -> None:
        self._header = header.pack()
        self._dtype = change_type(header.width)
        self._aead = AESGCM(hmac.digest(layout_key, b"safelight index log" + header.salt, "sha256"))

    def seal(self, batch: Batch, offset: int) -> bytes:
        """The bytes of a record that will lie at ``offset``."""
        plain = _PLAIN.pack(batch.sequence) + batch.changes.tobytes()
        nonce = os.urandom(_NONCE)
        body = nonce + self._aead.encrypt(nonce, plain, self._header + offset.to_bytes(8, "little"))
        assert len(body) <= MAX_RECORD_BYTES
        return _FRAME.pack(len(body), zlib.crc32(body)) + body

    def open(self, data: memoryview, offset: int) -> tuple[Batch, int] | None:
        """The record at the beginning of ``data`` and its length; None when it is not whole.

        Raises :class:`IndexDamaged` when it is whole and was not written here under this key.
        """
        if len(data) < _FRAME.size:
            return None
        length, crc = _FRAME.unpack(data[: _FRAME.size])
        end = _FRAME.size + length
        if not _NONCE + _TAG + _PLAIN.size <= length <= MAX_RECORD_BYTES or len(data) < end:
            return None
        body = data[_FRAME.size : end]
        if zlib.crc32(body) != crc:
            return None
        try:
            associated = self._header + offset.to_bytes(8, "little")
            plain = self._aead.decrypt(bytes(body[:_NONCE]), bytes(body[_NONCE:]), associated)
        except InvalidTag:
            raise IndexDamaged(
                "an index log was altered or belongs elsewhere; the index writer rebuilds it."
            ) from None
        (sequence,) = _PLAIN.unpack_from(plain)
        changes = np.frombuffer(plain, dtype=self._dtype, offset=_PLAIN.size)
        return Batch(sequence, changes), end
