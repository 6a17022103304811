"""Where a member is kept while it is looked at: without a name, so that a kill leaves nothing of it.

Small ones are kept in memory. Larger ones move to a nameless file, because an archive of a few megabytes may
unpack to two gigabytes, and several are looked at at a time. What a disk keeps of freed blocks is not ours to
erase: the operator's guide asks for encrypted disks.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Final

from safelight.media.sandbox.descriptors import seal

IN_MEMORY: Final = 32 << 20
"""Bytes up to which a spool stays in memory; most pictures and documents are smaller."""

_PIECE: Final = 1 << 20


class Spool:
    """A growing file without a name that, once sealed, can be given to a decoder.

    ``directory`` (default: the system's for temporary files) is where it goes beyond :data:`IN_MEMORY`. On a
    file system that knows no nameless files (``O_TMPFILE``) it stays in memory.
    """

    def __init__(self, directory: Path | None = None) -> None:
        self.fd = os.memfd_create("safelight-member", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        self.size = 0
        self._directory = directory or Path(tempfile.gettempdir())
        self._in_memory = self._may_move = True

    def write(self, data: memoryview) -> None:
        """Append. Raises ``OSError`` (``ENOSPC``, ``ENOMEM``) where there is no room."""
        if self._may_move and self.size + len(data) > IN_MEMORY:
            self._move()
        self._put(data)
        self.size += len(data)

    def _put(self, data: memoryview) -> None:
        while data:
            data = data[os.write(self.fd, data) :]

    def _move(self) -> None:
        self._may_move = False
        try:
            fd = os.open(self._directory, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600)
        except OSError:
            return
        memory, self.fd, self._in_memory = self.fd, fd, False
        try:
            for at in range(0, self.size, _PIECE):
                self._put(memoryview(os.pread(memory, _PIECE, at)))
        finally:
            os.close(memory)

    def append(self, fd: int, at: int, size: int) -> None:
        """Append a range of another file. Raises ``OSError`` as :meth:`write` does."""
        while size and (piece := os.pread(fd, min(_PIECE, size), at)):
            self.write(memoryview(piece))
            at += len(piece)
            size -= len(piece)

    def seal(self) -> None:
        """No further writes through :attr:`fd`, by anyone. Raises ``OSError``."""
        if self._in_memory:
            seal(self.fd)
            return
        reading = os.open(f"/proc/self/fd/{self.fd}", os.O_RDONLY | os.O_CLOEXEC)
        os.close(self.fd)
        self.fd = reading

    def close(self) -> None:
        """Forget the bytes."""
        os.close(self.fd)
