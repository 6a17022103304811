"""Bytes to be looked at, and what they are: a whole file, or a member that was unpacked from one."""

from __future__ import annotations

import os
from dataclasses import dataclass

from safelight.media.sniff import HEAD_BYTES, TAIL_BYTES, Sniffed, sniff_every


@dataclass(frozen=True, slots=True)
class Content:
    """An open file that nobody writes to, its size in bytes, and what it may be, likeliest first."""

    fd: int
    size: int
    formats: tuple[Sniffed, ...]

    @classmethod
    def of(cls, fd: int, size: int) -> Content:
        """Sniff an open file. Raises ``OSError`` where it cannot be read."""
        head = os.pread(fd, HEAD_BYTES, 0)
        tail = os.pread(fd, TAIL_BYTES, max(0, size - TAIL_BYTES))
        return cls(fd, size, sniff_every(head, tail))
