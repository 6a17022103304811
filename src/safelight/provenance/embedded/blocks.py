"""Finds the blocks of metadata in a file, container by container, and reads nothing else.

Everything is bounded: a block that declares more than :data:`BLOCK_BYTES` is cut there, compressed text is
expanded no further, and after :data:`MOST_BLOCKS` blocks or :data:`TOTAL_BYTES` the walk ends. A container
that breaks off or contradicts itself ends the walk too; what was found before it counts.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import IO, Final

BLOCK_BYTES: Final = 4 << 20
"""Bytes of one block: ComfyUI workflows of several hundred kilobytes exist, none of several megabytes."""
TOTAL_BYTES: Final = 16 << 20
MOST_BLOCKS: Final = 2_000
MOST_STEPS: Final = 100_000
"""Segments, chunks or boxes that are walked over, whatever they hold."""


class Form(StrEnum):
    """How a block is to be read."""

    EXIF = "exif"
    XMP = "xmp"
    IPTC = "iptc"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Block:
    """One block; ``key`` names a text (the keyword of a PNG text chunk, the id of an ID3 frame)."""

    form: Form
    data: bytes
    key: str = ""

    @property
    def text(self) -> str:
        """The bytes as text: UTF-8, else Latin-1, in which every byte is a character."""
        try:
            return self.data.decode("utf-8")
        except UnicodeDecodeError:
            return self.data.decode("latin-1")


class Walked(Exception):
    """There is nothing more to be had from this container."""


class Source:
    """Reads a stream within the limits; every walk has one."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._left = TOTAL_BYTES
        self._steps = MOST_STEPS
        self.size = stream.seek(0, 2)

    def at(self, offset: int, length: int) -> bytes:
        """Up to ``length`` bytes of a block, cut at the limits. Raises :class:`Walked` beyond them."""
        if not 0 <= offset < self.size or length <= 0:
            return b""
        wanted = min(length, BLOCK_BYTES, self._left)
        if wanted <= 0:
            raise Walked
        self._stream.seek(offset)
        data = self._stream.read(wanted)
        self._left -= len(data)
        return data

    def head(self, offset: int, length: int) -> bytes:
        """Exactly ``length`` bytes of structure. Raises :class:`Walked` where the file ends before."""
        self._steps -= 1
        if self._steps < 0 or offset < 0:
            raise Walked
        self._stream.seek(offset)
        data = self._stream.read(length)
        if len(data) != length:
            raise Walked
        return data

    def expand(self, data: bytes) -> bytes:
        """Inflate, no further than one block may be. Raises :class:`Walked` as :meth:`at`."""
        room = min(BLOCK_BYTES, self._left)
        if room <= 0:
            raise Walked
        try:
            text = zlib.decompressobj().decompress(data, room)
        except zlib.error:
            return b""
        self._left -= len(text)
        return text


def u16(data: bytes, at: int = 0) -> int:
    """A big-endian number of two bytes."""
    return int(struct.unpack_from(">H", data, at)[0])


def u32(data: bytes, at: int = 0) -> int:
    """A big-endian number of four bytes."""
    return int(struct.unpack_from(">I", data, at)[0])


def le32(data: bytes, at: int = 0) -> int:
    """A little-endian number of four bytes."""
    return int(struct.unpack_from("<I", data, at)[0])


Walk = Iterator[Block]
