"""Indexes of a source in this process's memory: for library use without a directory."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from safelight.errors import UsageError
from safelight.lists.store import Change, Stamp
from safelight.matching import engine
from safelight.matching.index import DEFAULT_CAP, ExactIndex, HammingIndex, Hits, SoundIndex
from safelight.matching.kinds import PDQ, SKETCH, IndexedType
from safelight.matching.records import Batch
from safelight.matching.sound_index import SoundIndexes
from safelight.matching.source import IndexSource
from safelight.matching.staging import staged, unseen

SCANNED: Final = 50_000
"""Rows up to which a scan (some 50 µs) is good enough; more are built into a snapshot."""


class MemoryIndex:
    """One signal type's index, by nearness or by equality as the type asks."""

    def __init__(self, kind: IndexedType) -> None:
        self.kind = kind
        self._key = os.urandom(32)
        self._live = engine.LiveSet(kind, self._key)

    def load(self, source: IndexSource) -> None:
        """Take the source's live rows in place of what was held."""
        with tempfile.TemporaryDirectory(prefix="safelight-") as temporary:
            directory = Path(temporary)
            with staged(source, self.kind, directory, unseen) as columns:
                live = engine.LiveSet(self.kind, self._key)
                if columns.count > SCANNED:
                    # A mapped file without a name, under a key that is written down nowhere.
                    path = directory / "snapshot"
                    engine.build_snapshot(path, self.kind, columns, key=self._key, stamp=b"", progress=unseen)
                    snapshot = engine.open_file(path, self.kind, self._key)
                    live = engine.LiveSet(self.kind, self._key, snapshot, columns.newest_row)
                elif columns.count:
                    values, rows = columns.arrays()
                    live.apply(Batch.of(0, rows, np.ones(len(rows), dtype=bool), values).changes)
        self._live = live

    def take(self, changes: Sequence[Change]) -> None:
        """Take in the source's next changes."""
        batch = Batch.of_changes(self.kind, changes, after=0)
        if batch:
            self._live.apply(batch.changes)

    def __len__(self) -> int:
        return len(self._live)

    def search(self, value: str, radius: int, cap: int = DEFAULT_CAP) -> Hits:
        """The rows within ``radius`` of one hash."""
        return self._live.search(value, radius, cap)

    def search_many(self, values: Sequence[str], radius: int, cap: int = DEFAULT_CAP) -> tuple[Hits, ...]:
        """One result a query, in the order asked."""
        return self._live.search_many(values, radius, cap)

    def find_many(self, values: Sequence[str]) -> tuple[tuple[int, ...], ...]:
        """The rows whose value equals each of these, in the order asked."""
        return self._live.find_many(values)


class MemoryIndexes:
    """Indexes that follow their source whenever they are asked for a later state; of sketches, always."""

    def __init__(self, source: IndexSource, types: Sequence[IndexedType] = (PDQ,)) -> None:
        self._source = source
        self._indexes = {kind.signal_type: MemoryIndex(kind) for kind in {*types, SKETCH}}
        self._following = threading.Lock()
        self._sounds = SoundIndexes(source)
        self._held = Stamp("", "", 0)
        self.ensure(source.stamp())

    def ensure(self, stamp: Stamp) -> None:
        """Return when searches see at least this state of the source."""
        if self._held == stamp:
            return
        with self._following:
            now = self._source.stamp()
            held = self._held
            if (held.workspace, held.epoch) != (now.workspace, now.epoch) or held.sequence > now.sequence:
                for index in self._indexes.values():
                    index.load(self._source)
            else:
                self._follow(held.sequence, now.sequence)
            self._held = now

    def _follow(self, after: int, until: int) -> None:
        while after < until and (changes := self._source.changes(after)):
            for index in self._indexes.values():
                index.take(changes)
            after = changes[-1].sequence

    def hamming(self, signal_type: str) -> HammingIndex:
        """The index by nearness of that type. Raises :class:`~safelight.errors.UsageError`."""
        index = self._indexes.get(signal_type)
        if index is None or index.kind.exact:
            raise UsageError(f"these indexes were opened without {signal_type}")
        return index

    def exact(self, signal_type: str) -> ExactIndex | None:
        """The index by equality of that type, None if it was opened without."""
        index = self._indexes.get(signal_type)
        return index if index and index.kind.exact else None

    def sounds(self, signal_type: str) -> SoundIndex:
        """The sounds of that type, at the source's present state."""
        return self._sounds.of(signal_type)

    def close(self) -> None:
        """Nothing to release."""
