"""Which members a 7z archive has, by its own list.

libarchive 3.6 reads no further than to a locked member, and does not tell the names of those behind it. The
layout is that of 7-Zip's "7zFormat.txt" and "Methods.txt". Runs in a sandboxed child.
"""

from __future__ import annotations

import codecs
import lzma
import os
from dataclasses import dataclass
from typing import Final

_MAGIC: Final = b"7z\xbc\xaf\x27\x1c"
_START: Final = 32
_MOST_HEADER: Final = 16 << 20
"""Bytes of a header, packed or not: names of some hundred thousand members."""
_MOST: Final = 1_000_000
"""Of anything that is counted."""

_END, _ARCHIVE_PROPERTIES, _MORE_STREAMS, _STREAMS, _FILES = 0, 2, 3, 4, 5
_PACKED, _FOLDERS, _SUBSTREAMS, _SIZES, _CRCS, _FOLDER, _UNPACKED, _COUNTS = 6, 7, 8, 9, 10, 11, 12, 13
_EMPTY_STREAM, _NAMES, _ENCODED = 14, 17, 23
_LZMA, _LZMA2 = b"\x03\x01\x01", b"\x21"
_UTF16: Final = codecs.lookup("utf-16-le")
"""Looked up with the module: the child has no file system to find it in."""


class _Ended(Exception):
    """The bytes are no header that is understood here."""


@dataclass(frozen=True, slots=True)
class _Streams:
    """Where the first packed stream lies, how it was packed, and its size unpacked."""

    at: int = 0
    packed: int = 0
    coder: tuple[bytes, bytes] | None = None
    unpacked: int = 0


class _Header:
    """One header, read from its beginning."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._at = 0

    def take(self, count: int) -> bytes:
        piece = self._raw[self._at : self._at + count]
        if len(piece) < count:
            raise _Ended
        self._at += count
        return piece

    def byte(self) -> int:
        return self.take(1)[0]

    def number(self) -> int:
        first, value = self.byte(), 0
        for more in range(8):
            if not first & 0x80 >> more:
                return value | (first & (0x7F >> more)) << 8 * more
            value |= self.byte() << 8 * more
        return value

    def count(self) -> int:
        if (told := self.number()) > _MOST:
            raise _Ended
        return told

    def bits(self, count: int) -> list[bool]:
        raw = self.take(-(-count // 8))
        return [bool(raw[n // 8] & 0x80 >> n % 8) for n in range(count)]

    def crcs(self, count: int) -> list[bool]:
        """Step over checksums; which of so many things have one."""
        there = [True] * count if self.byte() else self.bits(count)
        self.take(4 * sum(there))
        return there


def member_names(fd: int) -> tuple[str, ...]:
    """The names of members that have content, in the list's order; none where the list cannot be read."""
    try:
        start = _Header(os.pread(fd, _START, 0))
        if start.take(6) != _MAGIC:
            return ()
        start.take(6)  # the format's version, and a checksum
        at, size = (int.from_bytes(start.take(8), "little") for _ in range(2))
        header = _Header(_read(fd, _START + at, size))
        kind = header.byte()
        if kind == _ENCODED:
            header = _Header(_decoded(fd, _streams(header)))
            kind = header.byte()
        return _listed(header) if kind == 1 else ()
    except (_Ended, lzma.LZMAError, ValueError, OverflowError, MemoryError):
        return ()


def _read(fd: int, at: int, size: int) -> bytes:
    if size > _MOST_HEADER:
        raise _Ended
    return os.pread(fd, size, at)


def _decoded(fd: int, streams: _Streams) -> bytes:
    """A header that is packed, as writers of 7z pack it. One that is locked is none."""
    if streams.coder is None or streams.unpacked > _MOST_HEADER:
        raise _Ended
    method, told = streams.coder
    dictionary = max(4096, streams.unpacked)  # no more can be referred back to
    if method == _LZMA and len(told) == 5:
        rest, lc = divmod(told[0], 9)
        pb, lp = divmod(rest, 5)
        how = {"id": lzma.FILTER_LZMA1, "lc": lc, "lp": lp, "pb": pb, "dict_size": dictionary}
    elif method == _LZMA2:
        how = {"id": lzma.FILTER_LZMA2, "dict_size": dictionary}
    else:
        raise _Ended
    packed = _read(fd, _START + streams.at, streams.packed)
    return lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[how]).decompress(packed, streams.unpacked)


def _listed(header: _Header) -> tuple[str, ...]:
    while (kind := header.byte()) != _FILES:
        if kind == _ARCHIVE_PROPERTIES:
            while header.number() != _END:
                header.take(header.number())
        elif kind in {_MORE_STREAMS, _STREAMS}:
            _streams(header)
        else:
            raise _Ended
    count = header.count()
    names: list[str] = []
    empty = [False] * count
    while (kind := header.number()) != _END:
        told = _Header(header.take(header.number()))
        if kind == _EMPTY_STREAM:
            empty = told.bits(count)
        elif kind == _NAMES and not told.byte():
            names = _texts(told, count)
    return tuple(name for name, is_empty in zip(names, empty, strict=True) if not is_empty)


def _texts(told: _Header, count: int) -> list[str]:
    names = []
    for _ in range(count):
        units = bytearray()
        while (unit := told.take(2)) != b"\0\0":
            units += unit
        names.append(_UTF16.decode(units, "replace")[0])
    return names


def _streams(header: _Header) -> _Streams:
    """What is told of packed streams; the header is behind it then."""
    at = packed = unpacked = 0
    coder: tuple[bytes, bytes] | None = None
    folders: list[bool] = []
    while (kind := header.number()) != _END:
        if kind == _PACKED:
            at, count = header.number(), header.count()
            while (inner := header.number()) != _END:
                if inner == _SIZES:
                    sizes = [header.number() for _ in range(count)]
                    packed = sizes[0] if sizes else 0
                elif inner == _CRCS:
                    header.crcs(count)
                else:
                    raise _Ended
        elif kind == _FOLDERS:
            coder, unpacked, folders = _folders(header)
        elif kind == _SUBSTREAMS:
            _substreams(header, folders)
        else:
            raise _Ended
    return _Streams(at, packed, coder, unpacked)


def _folders(header: _Header) -> tuple[tuple[bytes, bytes] | None, int, list[bool]]:
    """The one coder of the first folder, the size that it unpacks to, and which folders have a checksum."""
    if header.number() != _FOLDER:
        raise _Ended
    count = header.count()
    if header.byte():
        raise _Ended  # they are elsewhere, which no writer does
    several = [_folder(header) for _ in range(count)]
    if header.number() != _UNPACKED:
        raise _Ended
    sizes = [[header.number() for _ in range(outputs)] for _, outputs in several]
    there = [False] * count
    while (kind := header.number()) != _END:
        if kind != _CRCS:
            raise _Ended
        there = header.crcs(count)
    coders = several[0][0] if several else []
    return coders[0] if len(coders) == 1 else None, sizes[0][0] if several else 0, there


def _folder(header: _Header) -> tuple[list[tuple[bytes, bytes]], int]:
    """A folder's coders, each with its properties, and how many streams come out of them."""
    coders: list[tuple[bytes, bytes]] = []
    inputs = outputs = 0
    for _ in range(header.count()):
        flags = header.byte()
        method = header.take(flags & 0x0F)
        more = (header.count(), header.count()) if flags & 0x10 else (1, 1)
        inputs, outputs = inputs + more[0], outputs + more[1]
        coders.append((method, header.take(header.number()) if flags & 0x20 else b""))
    bound = max(0, outputs - 1)
    left = inputs - bound
    for _ in range(2 * bound + (left if left > 1 else 0)):
        header.number()
    return coders, outputs


def _substreams(header: _Header, folders: list[bool]) -> None:
    """Step over what is told of the members within folders."""
    counts = [1] * len(folders)
    while (kind := header.number()) != _END:
        if kind == _COUNTS:
            counts = [header.count() for _ in folders]
        elif kind == _SIZES:
            for _ in range(sum(max(0, count - 1) for count in counts)):
                header.number()
        elif kind == _CRCS:
            known = (has and count == 1 for has, count in zip(folders, counts, strict=True))
            header.crcs(sum(0 if one else count for one, count in zip(known, counts, strict=True)))
        else:
            raise _Ended
