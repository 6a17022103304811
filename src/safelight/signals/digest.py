"""MD5, SHA-1 and SHA-256 of a file in one read: the signals that can confirm, and that most lists carry."""

from __future__ import annotations

import hashlib
import os
import threading
from dataclasses import dataclass
from itertools import chain
from queue import Queue
from typing import TYPE_CHECKING, Final

from safelight.signals.signal_type import HexadecimalType
from safelight.types import WHOLE, Part, Signal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

BLOCK: Final = 4 << 20
"""Bytes read at a time. Smaller files are hashed in the calling thread: a thread costs more than it saves."""

MD5: Final = HexadecimalType(
    name="md5",
    title="an MD5",
    digits=32,
    harmless=("d41d8cd98f00b204e9800998ecf8427e", "900150983cd24fb0d6963f7d28e17f72"),
)
SHA1: Final = HexadecimalType(
    name="sha1",
    title="a SHA-1",
    digits=40,
    harmless=("da39a3ee5e6b4b0d3255bfef95601890afd80709", "a9993e364706816aba3e25717850c26c9cd0d89d"),
)
SHA256: Final = HexadecimalType(
    name="sha256",
    title="a SHA-256",
    digits=64,
    harmless=(
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    ),
)
"""The examples are the digests of nothing and of ``abc`` (RFC 1321, FIPS 180-4)."""


@dataclass(frozen=True, slots=True)
class Digests:
    """The digests of the bytes that were read, and how many those were.

    Compare ``size`` with the file's: a difference means that it changed while it was read.
    """

    md5: str
    sha1: str
    sha256: str
    size: int

    def signals(self, part: Part = WHOLE) -> tuple[Signal, ...]:
        """The three as signals of a part."""
        return (
            Signal(MD5.name, self.md5, part=part),
            Signal(SHA1.name, self.sha1, part=part),
            Signal(SHA256.name, self.sha256, part=part),
        )


def digest(fd: int) -> Digests:
    """The digests of an open file from its first byte on; the descriptor's offset is neither used nor moved.

    MD5 is the slowest of the three, so in a file of a block or more it has a thread of its own beside the
    other two. At most four blocks are in memory. Raises ``OSError`` where the file cannot be read.
    """
    blocks = _blocks(fd)
    first = next(blocks, b"")
    hashes = _Hashes()
    if len(first) < BLOCK:
        hashes.update_md5(first)
        hashes.update_sha(first)
        # A descriptor may give less than was asked for before its end; network file systems do.
        for block in blocks:
            hashes.update_md5(block)
            hashes.update_sha(block)
    else:
        _side_by_side(hashes, chain((first,), blocks))
    return hashes.digests()


class _Hashes:
    def __init__(self) -> None:
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._sha1 = hashlib.sha1(usedforsecurity=False)
        self._sha256 = hashlib.sha256()
        self._size = 0

    def update_md5(self, block: bytes) -> None:
        self._md5.update(block)

    def update_sha(self, block: bytes) -> None:
        self._sha1.update(block)
        self._sha256.update(block)
        self._size += len(block)

    def digests(self) -> Digests:
        return Digests(self._md5.hexdigest(), self._sha1.hexdigest(), self._sha256.hexdigest(), self._size)


def _side_by_side(hashes: _Hashes, blocks: Iterable[bytes]) -> None:
    waiting: Queue[bytes] = Queue(maxsize=2)

    def follow() -> None:
        while block := waiting.get():
            hashes.update_md5(block)

    follower = threading.Thread(target=follow, name="md5", daemon=True)
    follower.start()
    try:
        for block in blocks:
            waiting.put(block)
            hashes.update_sha(block)
    finally:
        waiting.put(b"")
        follower.join()


def _blocks(fd: int) -> Iterator[bytes]:
    offset = 0
    while block := os.pread(fd, BLOCK, offset):
        offset += len(block)
        yield block
