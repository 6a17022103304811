"""Any process's view of an index: the snapshot its writer last swapped in, and the log since, kept fresh.

A search uses one state from beginning to end. A new state is made beside it and then put in its place, so
that nobody waits; what the old one has mapped stays until its last search is done.
"""

from __future__ import annotations

import contextlib
import math
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from safelight.errors import (
    IndexBehind,
    IndexDamaged,
    IndexFileError,
    IndexKeyMismatch,
    SafelightError,
    UsageError,
)
from safelight.lists.store import Stamp
from safelight.matching import engine
from safelight.matching.index import DEFAULT_CAP, Hits
from safelight.matching.kinds import IndexedType
from safelight.matching.log import LogTail
from safelight.matching.manifest import Manifest, damaged_path, read_manifest
from safelight.matching.source import LayoutKey

REFRESH_SECONDS: Final = 0.2
"""A search looks for news at most this often: cheap, and a change is visible well within a second."""

_SWAPS: Final = 50
"""How often a writer may swap files while a reader opens them before the reader takes them for missing."""


class _State:
    """One manifest's files, opened, and how far the log has been read."""

    def __init__(
        self, directory: Path, manifest: Manifest, raw: bytes, kind: IndexedType, key: bytes
    ) -> None:
        self.manifest = manifest
        self.raw = raw
        self.sequence = manifest.sequence
        self._directory, self._kind, self._key = directory, kind, key
        snapshot = (
            engine.open_snapshot(directory, manifest, kind, key) if manifest.snapshot is not None else None
        )
        self.live = engine.LiveSet(kind, key, snapshot, manifest.newest_row)
        self._tail: LogTail | None = None
        self._open(manifest.segments)

    def _open(self, segments: Sequence[int]) -> None:
        for tail in [LogTail(self._directory, number, self._kind, self._key) for number in segments]:
            if self._tail:
                self._read_closed(self._tail)
            self._tail = tail
            self.read()

    def _read_closed(self, tail: LogTail) -> None:
        """The rest of a log file that a later one follows: it must be whole."""
        with contextlib.closing(tail):
            self.read()
            if tail.unread():
                raise IndexDamaged(f"{tail.path} is damaged; the index writer rebuilds it.")

    def follows(self, manifest: Manifest) -> bool:
        """Whether a later manifest has the same snapshot and only more log files."""
        mine = self.manifest
        return (mine.snapshot, mine.epoch, mine.sequence) == (
            manifest.snapshot,
            manifest.epoch,
            manifest.sequence,
        ) and manifest.segments[: len(mine.segments)] == mine.segments

    def extend(self, manifest: Manifest, raw: bytes) -> None:
        """Go on with a later manifest that :meth:`follows` allows."""
        self._open(manifest.segments[len(self.manifest.segments) :])
        self.manifest, self.raw = manifest, raw

    def read(self) -> None:
        """Take in what was appended since."""
        assert self._tail is not None
        for batch in self._tail.read():
            if len(batch.changes):
                self.live.apply(batch.changes)
            self.sequence = batch.sequence

    def stamp(self) -> Stamp:
        return self.manifest.stamp(self.sequence)


class IndexReader:
    """Searches one signal type's index. Methods may be called from several threads.

    Raises, when opened and from every search, :class:`~safelight.errors.IndexDamaged`,
    :class:`~safelight.errors.IndexTooNew`, :class:`~safelight.errors.IndexKeyMismatch`, and
    :class:`~safelight.errors.IndexBehind` while nothing has been built yet. After damage it searches again as
    soon as the writer has rebuilt the index.
    """

    def __init__(self, directory: Path, kind: IndexedType, layout_key: LayoutKey) -> None:
        self.kind = kind
        self.directory = directory / kind.signal_type
        self._layout_key = layout_key
        self._key = layout_key()
        self._lock = threading.Lock()
        self._state: _State | None = None
        self._looked = 0.0
        self._condemned: IndexDamaged | None = None
        self._trouble: SafelightError | None = None
        self.refresh()

    def refresh(self) -> Stamp:
        """Look for news now, and return the state of the source that searches will see."""
        with self._lock:
            return self._refresh().stamp()

    def _refresh(self) -> _State:
        self._looked = time.monotonic()
        try:
            state = self._newest()
        except IndexFileError as error:
            self._trouble = error
            if isinstance(error, IndexDamaged):
                self._tell_writer()
            raise
        if state is not self._state:
            self._state, self._condemned = state, None
        self._trouble = self._condemned
        if self._trouble:
            raise self._trouble
        return state

    def _newest(self) -> _State:
        missing: FileNotFoundError | None = None
        seen = b""
        for _ in range(_SWAPS):
            try:
                manifest, raw = self._manifest()
            except FileNotFoundError:
                if self._state:
                    return self._state
                raise IndexBehind(
                    f"There is no index in {self.directory} yet. Start `safelight serve` or run "
                    "`safelight lists compact`, which build it."
                ) from None
            if missing and raw == seen:
                break
            try:
                return self._advanced(manifest, raw)
            except FileNotFoundError as error:
                missing, seen = error, raw
            except OSError as error:
                raise IndexFileError(f"cannot read {self.directory}: {error.strerror or error}") from error
        assert missing is not None
        raise IndexDamaged(f"{missing.filename} is missing; the index writer rebuilds it.")

    def _manifest(self) -> tuple[Manifest, bytes]:
        try:
            return read_manifest(self.directory, self._key)
        except IndexKeyMismatch:
            self._key = self._layout_key()  # the root key may have been rotated
            return read_manifest(self.directory, self._key)
        except OSError as error:
            if isinstance(error, FileNotFoundError):
                raise
            raise IndexFileError(f"cannot read {self.directory}: {error.strerror or error}") from error

    def _advanced(self, manifest: Manifest, raw: bytes) -> _State:
        state = self._state
        if state and raw == state.raw:
            state.read()
            return state
        if state and state.follows(manifest):
            state.extend(manifest, raw)
            return state
        return _State(self.directory, manifest, raw, self.kind, self._key)

    def _current(self) -> _State:
        if time.monotonic() - self._looked >= REFRESH_SECONDS and self._lock.acquire(blocking=False):
            try:
                return self._refresh()
            finally:
                self._lock.release()
        if self._trouble:
            raise self._trouble
        assert self._state is not None
        return self._state

    def condemn(self, live: engine.LiveSet, error: IndexDamaged) -> None:
        """Refuse searches in files found damaged, until the writer has made others, and tell the writer."""
        with self._lock:
            if self._state and self._state.live is live:
                self._condemned = self._trouble = error
                self._tell_writer()

    def _tell_writer(self) -> None:
        if self._state:
            with contextlib.suppress(
                OSError
            ):  # a reader may lack the right to; the writer looks when it opens
                damaged_path(self.directory, self._state.manifest).touch(mode=0o600)

    @property
    def live(self) -> engine.LiveSet:
        """What is searched now."""
        return self._current().live

    def stamp(self) -> Stamp:
        """The state of the source that a search sees now."""
        return self._current().stamp()

    def __len__(self) -> int:
        return len(self._current().live)

    def close(self) -> None:
        """Let go of the files; searches in flight still finish."""
        with self._lock:
            self._state, self._looked = None, math.inf
            self._trouble = UsageError(f"the reader of {self.directory} was closed")


class HammingReader(IndexReader):
    """A :class:`~safelight.matching.index.HammingIndex` over the files of an :class:`IndexWriter`."""

    def search(self, value: str, radius: int, cap: int = DEFAULT_CAP) -> Hits:
        """The rows within ``radius`` of one hash."""
        return self._current().live.search(value, radius, cap)

    def search_many(self, values: Sequence[str], radius: int, cap: int = DEFAULT_CAP) -> tuple[Hits, ...]:
        """One result a query, in the order asked."""
        return self._current().live.search_many(values, radius, cap)


class ExactReader(IndexReader):
    """An :class:`~safelight.matching.index.ExactIndex` over the files of an :class:`IndexWriter`."""

    def find_many(self, values: Sequence[str]) -> tuple[tuple[int, ...], ...]:
        """The rows whose value equals each of these, in the order asked."""
        return self._current().live.find_many(values)
