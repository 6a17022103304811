"""A file object over a descriptor whose offset is not ours to move."""

from __future__ import annotations

import io
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Buffer


class Descriptor(io.RawIOBase):
    """Reads ``fd`` by position and never closes it.

    A read asks for no more memory than the file can fill, however large a length a header declares. There is
    no ``fileno()``, so that no decoder seeks the descriptor behind our back.
    """

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._size = os.fstat(fd).st_size
        self._at = 0

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def tell(self) -> int:
        """The offset of the next read."""
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move the offset of the next read; a place past the end is allowed, one before the start is not."""
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        if start + offset < 0:
            raise ValueError("a negative seek position")
        self._at = start + offset
        return self._at

    def read(self, size: int | None = -1) -> bytes:
        """At most ``size`` bytes; fewer only at the end of the file."""
        left = max(0, self._size - self._at)
        wanted = left if size is None or size < 0 else min(size, left)
        pieces = []
        while wanted and (piece := os.pread(self._fd, wanted, self._at)):
            self._at += len(piece)
            wanted -= len(piece)
            pieces.append(piece)
        return b"".join(pieces)

    def readinto(self, buffer: Buffer) -> int:
        """Fill the buffer, as far as the file goes."""
        view = memoryview(buffer).cast("B")
        data = self.read(len(view))
        view[: len(data)] = data
        return len(data)
