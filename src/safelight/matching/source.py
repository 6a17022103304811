"""What an index needs from the store it is derived from: a numbered stream of changes and the live rows.

:class:`~safelight.lists.store.ListStore` satisfies it, and so does a store of the hashes kept of past files,
which is how a new list entry is searched against the past.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from safelight.lists.store import Change, Stamp

LayoutKey = Callable[[], bytes]
"""Gives the 32 bytes that the files of an index are disguised under. Asked again when the source's epoch
changes: rotating a workspace's root key gives another."""


class IndexSource(Protocol):
    """The truth behind an index. Safe to call from any thread.

    Row numbers are never used twice and a row's value never changes. Within an epoch the sequence only
    grows: a source that was restored from a backup has a new epoch, or is at a lower sequence.
    """

    def stamp(self) -> Stamp:
        """The present state."""
        ...

    def changes(self, after: int, limit: int = 10_000) -> Sequence[Change]:
        """Changes with a sequence greater than ``after``, oldest first, at most ``limit``."""
        ...

    def live(self, signal_type: str) -> Iterator[tuple[int, str]]:
        """Every live row of a type as (row, value); sees one consistent state, not older than the call."""
        ...
