"""How this room speaks to the native engine: a snapshot and the changes since, searched as one."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from safelight.errors import IndexDamaged
from safelight.matching.index import Hit, Hits
from safelight.matching.kinds import Bytes2D, IndexedType, Rows
from safelight.matching.manifest import Manifest, snapshot_path
from safelight.matching.staging import Progress, Staged
from safelight.native import _hamming as native

EVERY_ROW: Final = (1 << 63) - 1
"""An exact value may stand in any number of lists; no look-up leaves one out."""

Snapshot = native.Snapshot | native.ExactSnapshot


def build_snapshot(
    path: Path, kind: IndexedType, columns: Staged, *, key: bytes, stamp: bytes, progress: Progress
) -> None:
    """Write a snapshot file of staged rows. Raises ``OSError`` and then leaves no file."""
    values, rows = columns.columns()
    if kind.exact:
        native.ExactSnapshot.build(str(path), values, kind.width, rows, key, stamp, progress)
    else:
        native.Snapshot.build(str(path), values, rows, key, stamp, progress)


def open_snapshot(directory: Path, manifest: Manifest, kind: IndexedType, key: bytes) -> Snapshot:
    """Map the snapshot that a manifest names; time does not depend on its size.

    Raises ``FileNotFoundError``, :class:`IndexDamaged`, :class:`~safelight.errors.IndexTooNew` and
    :class:`~safelight.errors.IndexKeyMismatch`.
    """
    assert manifest.snapshot is not None
    path = snapshot_path(directory, manifest.snapshot)
    snapshot = open_file(path, kind, key)
    if snapshot.stamp != manifest.snapshot_stamp() or snapshot.rows != manifest.rows:
        raise IndexDamaged(f"{path} is not the snapshot that belongs here; the index writer rebuilds it.")
    return snapshot


def open_file(path: Path, kind: IndexedType, key: bytes) -> Snapshot:
    """Map a snapshot file whatever its stamp; raises as :func:`open_snapshot` does."""
    if kind.exact:
        return native.ExactSnapshot.open(str(path), key, kind.width)
    return native.Snapshot.open(str(path), key)


class LiveSet:
    """A snapshot, or none, and the changes since. Threads may search while one applies changes."""

    def __init__(
        self, kind: IndexedType, key: bytes, snapshot: Snapshot | None = None, newest_row: int = 0
    ) -> None:
        self._kind = kind
        self.snapshot = snapshot
        self._newest_row = np.uint64(newest_row)
        self._delta = native.ExactDelta(key, kind.width) if kind.exact else native.Delta(key)
        self._hidden = 0
        self._counting = threading.Lock()

    def __len__(self) -> int:
        """How many rows can be found.

        A withdrawal that came while the snapshot was being made counts twice until the next snapshot.
        """
        return max((self.snapshot.rows if self.snapshot else 0) - self._hidden, 0) + len(self._delta)

    def apply(self, changes: npt.NDArray[np.void]) -> None:
        """Take in changes (:func:`~.records.change_type`) in their order."""
        rows, last = np.unique(changes["row"][::-1], return_index=True)
        added = changes["added"][::-1][last].astype(bool)
        values = np.ascontiguousarray(changes["value"][::-1][last])
        old = rows <= self._newest_row
        # What came while the snapshot was made is both in it and in the log. It is left where it is: hidden
        # and added again, it would be missed by a search between the two.
        again = added & old
        again[again] = self._has(values[again], rows[again])
        hide = rows[~again & (old | ~added)]
        if len(hide):
            with self._counting:
                snapshotted = hide[hide <= self._newest_row]
                self._hidden += len(snapshotted) - int(self._delta.hidden(snapshotted).sum())
            self._delta.withdraw(hide)
        fresh = added & ~again
        if fresh.any():
            self._delta.add(values[fresh], rows[fresh])

    def _has(self, values: Bytes2D, rows: Rows) -> npt.NDArray[np.bool_]:
        """Which of these rows the snapshot has under this very value, and shows."""
        if not len(rows) or self.snapshot is None:
            return np.zeros(len(rows), dtype=bool)
        if isinstance(self.snapshot, native.ExactSnapshot):
            found, offsets, _ = self.snapshot.search(values, EVERY_ROW)
        else:
            found, _, offsets, _ = self.snapshot.search(values, 0, EVERY_ROW)
        ends = offsets.tolist()
        there = [row in found[start:end] for row, (start, end) in zip(rows, pairwise(ends), strict=True)]
        return np.array(there, dtype=bool) & ~self._delta.hidden(rows)

    def search(self, value: str, radius: int, cap: int) -> Hits:
        """The rows within ``radius`` of one hash, nearest first."""
        assert not isinstance(self.snapshot, native.ExactSnapshot)
        assert isinstance(self._delta, native.Delta)
        query = self._kind.pack([value]).tobytes()
        pairs, capped = native.search_one(self.snapshot, self._delta, query, radius, cap)
        return Hits(tuple(Hit(distance, row) for distance, row in pairs), capped)

    def search_many(self, values: Sequence[str], radius: int, cap: int) -> tuple[Hits, ...]:
        """One result a query, in the order asked."""
        assert not isinstance(self.snapshot, native.ExactSnapshot)
        assert isinstance(self._delta, native.Delta)
        rows, distances, offsets, capped = native.search(
            self.snapshot, self._delta, self._kind.pack(values), radius, cap
        )
        hits = [Hit(distance, row) for distance, row in zip(distances.tolist(), rows.tolist(), strict=True)]
        ends = offsets.tolist()
        return tuple(
            Hits(tuple(hits[start:end]), full)
            for (start, end), full in zip(pairwise(ends), capped.tolist(), strict=True)
        )

    def find_many(self, values: Sequence[str]) -> tuple[tuple[int, ...], ...]:
        """The rows, ascending, whose value equals each of these."""
        assert not isinstance(self.snapshot, native.Snapshot)
        assert isinstance(self._delta, native.ExactDelta)
        rows, offsets, _ = native.search_exact(self.snapshot, self._delta, self._kind.pack(values), EVERY_ROW)
        found, ends = rows.tolist(), offsets.tolist()
        return tuple(tuple(found[start:end]) for start, end in pairwise(ends))


def rows_array(rows: Sequence[int]) -> Rows:
    """Row numbers as the engine takes them."""
    return np.array(rows, dtype=np.uint64)
