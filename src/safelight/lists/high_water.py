"""Notices a restored backup: a mark beside the database remembers how far the store had come.

Indexes are valid for one epoch up to one sequence number. After a restore the store is behind, and new
changes would take sequence numbers that indexes have seen with other meaning. The mark is left out of
backups, so after a restore it is ahead of the database, of another epoch, or missing; each begins a new
epoch, from which every index is rebuilt. It is written under the database's write lock and needs no fsync: a
mark lost in a power cut costs one needless rebuild.
"""

from __future__ import annotations

import os
from pathlib import Path


class HighWater:
    """The mark ``epoch sequence`` in a small file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def agrees(self, epoch: str, sequence: int) -> bool:
        """Whether the store was last seen in this epoch, and no further on than this."""
        try:
            marked_epoch, marked = self.path.read_text(encoding="ascii").split()
            return marked_epoch == epoch and int(marked) <= sequence
        except (FileNotFoundError, ValueError):
            return False

    def set(self, epoch: str, sequence: int) -> None:
        """Remember a state. The line has one length, so a disk that is full later has room for it."""
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.pwrite(descriptor, f"{epoch} {sequence:019d}\n".encode("ascii"), 0)
        finally:
            os.close(descriptor)
