"""Where a member is kept while it is looked at: memory without a name, which a kill leaves nothing of."""

from __future__ import annotations

import os
from typing import Final

from safelight.media.sandbox.descriptors import seal

_PIECE: Final = 1 << 20


class Spool:
    """A growing memory file that, once sealed, can be given to a decoder."""

    def __init__(self) -> None:
        self.fd = os.memfd_create("safelight-member", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        self.size = 0

    def write(self, data: memoryview) -> None:
        """Append. Raises ``OSError`` (``ENOSPC``, ``ENOMEM``) where memory is short."""
        rest = data
        while rest:
            rest = rest[os.write(self.fd, rest) :]
        self.size += len(data)

    def append(self, fd: int, at: int, size: int) -> None:
        """Append a range of another file. Raises ``OSError`` as :meth:`write` does."""
        while size and (piece := os.pread(fd, min(_PIECE, size), at)):
            self.write(memoryview(piece))
            at += len(piece)
            size -= len(piece)

    def seal(self) -> None:
        """No further writes, by anyone."""
        seal(self.fd)

    def close(self) -> None:
        """Forget the bytes."""
        os.close(self.fd)
