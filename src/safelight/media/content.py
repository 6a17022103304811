"""Bytes to be looked at, and what they are: a whole file, or a member that was unpacked from one."""

from __future__ import annotations

import os
from dataclasses import dataclass

from safelight.media.sniff import HEAD_BYTES, TAIL_BYTES, Sniffed, sniff_every
from safelight.signals.digest import Digests, digest
from safelight.signals.weights import autov2
from safelight.types import MediaKind, Signal


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

    def signals(self, digests: Digests) -> tuple[Signal, ...]:
        """Its digests as signals; a model file is also known by the beginning of one."""
        if any(each.kind is MediaKind.MODEL_FILE for each in self.formats):
            return (*digests.signals(), autov2(digests.sha256))
        return digests.signals()


def digest_signals(content: Content) -> tuple[Signal, ...]:
    """The digests of a content as signals. Raises ``OSError`` where it cannot be read."""
    return content.signals(digest(content.fd))
