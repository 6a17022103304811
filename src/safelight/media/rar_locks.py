"""Which members of a RAR 5 archive need a password.

libarchive 3.6 hands their locked bytes out as if they were the member. The layout is that of RARLAB's "RAR
5.0 archive format".
"""

from __future__ import annotations

import os
from typing import Final

_MAGIC: Final = b"Rar!\x1a\x07\x01\x00"
_FILE: Final = 2
_ENCRYPTION: Final = 1
"""Type of the block of a member, and of the record in its extra area that says how it was locked."""

_HAS_EXTRA, _HAS_DATA = 1, 2
_HAS_TIME, _HAS_CHECKSUM = 2, 4
_MOST_HEADER: Final = 2 << 20
"""Bytes of one header: what the format allows."""
_MOST_BLOCKS: Final = 200_000


class _Ended(Exception):
    """The bytes are no further header."""


class _Header:
    """One block's header, read from its beginning."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._at = 0

    def number(self) -> int:
        value = 0
        for shift in range(0, 70, 7):
            byte = self.take(1)[0]
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
        raise _Ended

    def take(self, count: int) -> bytes:
        piece = self._raw[self._at : self._at + count]
        if len(piece) < count:
            raise _Ended
        self._at += count
        return piece

    @property
    def at(self) -> int:
        return self._at


def locked_members(fd: int) -> frozenset[str]:
    """Their names, as far as the headers make sense; none of a file that is no RAR 5."""
    names: set[str] = set()
    if os.pread(fd, len(_MAGIC), 0) != _MAGIC:
        return frozenset()
    at = len(_MAGIC)
    try:
        for _ in range(_MOST_BLOCKS):
            at = _block(fd, at, names)
    except _Ended:
        pass
    return frozenset(names)


def _block(fd: int, at: int, names: set[str]) -> int:
    """Take in the block at an offset; where the next one begins."""
    sizes = _Header(os.pread(fd, 7, at))
    sizes.take(4)  # its checksum: libarchive reads no further than to a wrong one
    size = sizes.number()
    if not 0 < size <= _MOST_HEADER:
        raise _Ended
    raw = os.pread(fd, size, at + sizes.at)
    header = _Header(raw)
    kind, flags = header.number(), header.number()
    extra = header.number() if flags & _HAS_EXTRA else 0
    data = header.number() if flags & _HAS_DATA else 0
    if kind == _FILE and extra and _is_locked(raw[-extra:]):
        names.add(_name(header))
    return at + sizes.at + size + data


def _is_locked(extra: bytes) -> bool:
    records = _Header(extra)
    while records.at < len(extra):
        size = records.number()
        if _Header(records.take(size)).number() == _ENCRYPTION:
            return True
    return False


def _name(header: _Header) -> str:
    flags = header.number()
    header.number(), header.number()  # its size unpacked, and attributes
    header.take(4 if flags & _HAS_TIME else 0)
    header.take(4 if flags & _HAS_CHECKSUM else 0)
    header.number(), header.number()  # how it was packed, and where
    return header.take(header.number()).decode("utf-8", "replace")
