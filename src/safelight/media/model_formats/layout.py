"""What a reader of headers says: which bytes are which tensor, and what is wrong with the header."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

MAX_TENSORS: Final = 50_000
"""The largest published models have some 15,000."""

MAX_HEADER: Final = 100_000_000
"""Bytes of header that are read; what the safetensors reference implementation takes."""


class Malformed(Exception):
    """The header cannot be read on; the text says why in plain words and quotes nothing."""


@dataclass(frozen=True, slots=True)
class Range:
    """One tensor: ``size`` bytes from ``at``. ``dtype`` is safetensors' name for it, None where unknown."""

    name: str
    dtype: str | None
    at: int
    size: int


@dataclass(frozen=True, slots=True)
class Layout:
    """The tensors of a file, what is wrong with its header, and where its AutoV3 begins, if it has one."""

    ranges: tuple[Range, ...] = ()
    faults: tuple[str, ...] = ()
    data_at: int | None = None


class Bounded:
    """Reads a file's header by position, and never past its end or past :data:`MAX_HEADER`."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self.size = os.fstat(fd).st_size
        self.at = 0

    def take(self, count: int) -> bytes:
        """The next bytes. Raises :class:`Malformed` where there are not as many."""
        if min(count, self.at) < 0 or count > MAX_HEADER or self.at + count > self.size:
            raise Malformed("the header asks for more bytes than there are")
        pieces, wanted = [], count
        while wanted and (piece := os.pread(self._fd, wanted, self.at)):
            pieces.append(piece)
            self.at += len(piece)
            wanted -= len(piece)
        return b"".join(pieces)

    def number(self, width: int) -> int:
        """The next little-endian unsigned number."""
        return int.from_bytes(self.take(width), "little")


def in_bounds(ranges: Iterable[Range], first: int, size: int) -> tuple[list[Range], list[str]]:
    """The ranges that lie within the file's data, in the order of the file, and what is wrong with others.

    A hole or an overlap is a fault too: bytes that no tensor owns, or two do, are not what a writer leaves.
    """
    kept: list[Range] = []
    faults: list[str] = []
    at = first
    for each in sorted(ranges, key=lambda r: (r.at, r.size)):
        if each.at < first or each.size < 0 or each.at + each.size > size:
            faults.append("a tensor lies outside the file")
            continue
        if each.at < at:
            faults.append("tensors overlap")
        at = max(at, each.at + each.size)
        kept.append(each)
    return kept, list(dict.fromkeys(faults))
