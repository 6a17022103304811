"""The indexes of a workspace, ready to search: whoever finds them behind brings them up to date, if it may.

A dedicated writer (``safelight serve``) holds the writer's lock and follows the store. Without one, a process
that finds the indexes behind the store takes the lock for as long as that takes. Either way a search never
answers from a state that is older than it was asked for, and says so when nobody can bring a newer one.
"""

from __future__ import annotations

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
    IndexNotWritten,
    IndexTooNew,
    SafelightError,
    UsageError,
    WorkspaceBusy,
)
from safelight.lists.store import Stamp
from safelight.matching.index import ExactIndex, HammingIndex, SoundIndex
from safelight.matching.kinds import PDQ, SKETCH, IndexedType
from safelight.matching.memory_index import MemoryIndexes
from safelight.matching.reader import ExactReader, HammingReader
from safelight.matching.sound_index import SoundIndexes
from safelight.matching.source import IndexSource, LayoutKey
from safelight.matching.watch import BlockWatch
from safelight.matching.writer import IndexWriter

POLL_SECONDS: Final = 0.02


def serves(held: Stamp, asked: Stamp) -> bool:
    """Whether an index at ``held`` answers for a store at ``asked``."""
    return (held.workspace, held.epoch) == (asked.workspace, asked.epoch) and held.sequence >= asked.sequence


class StoredIndexes:
    """Indexes in a directory, shared with other processes. Methods may be called from several threads.

    ``write``: bring them up to date when they are behind and no other process does. ``patience``: seconds to
    wait for another writer. ``tolerance``: seconds for which a search may answer from the last state that was
    the present one; 0 finds every change that was committed before the search. ``watch``: verify checksums in
    the background, for processes that live long.
    """

    def __init__(
        self,
        source: IndexSource,
        directory: Path,
        layout_key: LayoutKey,
        types: Sequence[IndexedType] = (PDQ,),
        *,
        write: bool = True,
        patience: float = 5.0,
        tolerance: float = 0.0,
        watch: bool = False,
    ) -> None:
        self._source = source
        self._directory = directory
        self._layout_key = layout_key
        self._types = tuple(types)
        self._write = write
        self._patience = patience
        self._tolerance = tolerance
        self._watch = watch
        self._catching_up = threading.Lock()
        self._sounds = SoundIndexes(source)
        self._sketches: MemoryIndexes | None = None
        self._readers: dict[str, HammingReader | ExactReader] = {}
        self._watches: list[BlockWatch] = []
        self._fresh: tuple[str, float] = ("", 0.0)
        self._problem: SafelightError | None = None
        self._writer: IndexWriter | None = None
        self.ensure(source.stamp())

    def ensure(self, stamp: Stamp) -> None:
        """Return when searches see at least this state of the source.

        Raises :class:`~safelight.errors.IndexBehind` when nobody brings the indexes there, and other
        :class:`~safelight.errors.IndexFileError` when they cannot be read.
        """
        epoch, seen = self._fresh
        if epoch == stamp.epoch and time.monotonic() - seen < self._tolerance:
            return
        if not self._serves(stamp):
            with self._catching_up:
                self._catch_up(stamp)
        self._fresh = stamp.epoch, time.monotonic()

    def _serves(self, stamp: Stamp) -> bool:
        """Whether every index can be relied on for that state; ``_problem`` says why not."""
        try:
            for kind in self._types[len(self._readers) :]:
                self._open(kind)
            held = [reader.stamp() for reader in self._readers.values()]
            if not all(serves(at, stamp) for at in held):
                held = [reader.refresh() for reader in self._readers.values()]
        except IndexFileError as error:
            self._problem = error
            return False
        # Ahead of what was asked: either the source has moved on since, or a backup of it was restored.
        if any(at.sequence > stamp.sequence for at in held):
            now = self._source.stamp()
            if any(at.epoch != now.epoch or at.sequence > now.sequence for at in held):
                return False
        return all(serves(at, stamp) for at in held)

    def _open(self, kind: IndexedType) -> None:
        reader_type = ExactReader if kind.exact else HammingReader
        reader = reader_type(self._directory, kind, self._layout_key)
        self._readers[kind.signal_type] = reader
        if self._watch:
            self._watches.append(BlockWatch(reader))

    def _catch_up(self, stamp: Stamp) -> None:
        deadline = time.monotonic() + self._patience
        may_write = self._write
        self._problem = None
        while not self._serves(stamp):
            if may_write:
                try:
                    self._sync()
                except WorkspaceBusy as error:
                    self._problem = error
                except IndexNotWritten as error:
                    self._problem, may_write = error, False
                else:
                    if self._serves(stamp):
                        return
            if time.monotonic() > deadline:
                raise self._unserved()
            time.sleep(POLL_SECONDS)

    def _unserved(self) -> IndexFileError:
        problem = self._problem
        if isinstance(problem, IndexDamaged | IndexTooNew | IndexKeyMismatch):
            return problem
        because = f" {problem}" if problem else " Is the index writer (`safelight serve`) running?"
        return IndexBehind(f"The indexes in {self._directory} do not hold the lists' present state.{because}")

    def _sync(self) -> None:
        if self._writer:
            self._writer.sync()
            return
        writer = IndexWriter(self._source, self._directory, self._layout_key, self._types)
        try:
            writer.sync()
        except BaseException:
            writer.close()
            raise
        if writer.compacting:
            self._writer = writer
            threading.Thread(target=self._finish, args=(writer,), name="safelight-index-writer").start()
        else:
            writer.close()

    def _finish(self, writer: IndexWriter) -> None:
        """Follow the source while a compaction runs, since others cannot write meanwhile; then let them."""
        writer.follow_compaction()
        with self._catching_up:
            self._writer = None
            writer.close()

    def hamming(self, signal_type: str) -> HammingIndex:
        """The index by nearness of that type. Raises :class:`~safelight.errors.UsageError`.

        Sketches are few; they are held in memory by the processes that meet a model with any.
        """
        if signal_type == SKETCH.signal_type:
            return self._of_sketches().hamming(signal_type)
        reader = self._readers.get(signal_type)
        if not isinstance(reader, HammingReader):
            raise UsageError(f"the indexes in {self._directory} were opened without {signal_type}")
        return reader

    def _of_sketches(self) -> MemoryIndexes:
        with self._catching_up:
            if self._sketches is None:
                self._sketches = MemoryIndexes(self._source, (SKETCH,))
        self._sketches.ensure(self._source.stamp())
        return self._sketches

    def exact(self, signal_type: str) -> ExactIndex | None:
        """The index by equality of that type, None if it was opened without."""
        reader = self._readers.get(signal_type)
        return reader if isinstance(reader, ExactReader) else None

    def sounds(self, signal_type: str) -> SoundIndex:
        """The sounds of that type, at the source's present state; in memory, whatever the files hold."""
        return self._sounds.of(signal_type)

    def close(self) -> None:
        """Let go of the files."""
        for watch in self._watches:
            watch.close()
        for reader in self._readers.values():
            reader.close()


def open_indexes(
    source: IndexSource,
    directory: Path | None,
    layout_key: LayoutKey,
    types: Sequence[IndexedType] = (PDQ,),
) -> StoredIndexes | MemoryIndexes:
    """The indexes of a source, up to date: in ``directory``, or in this process's memory if that is None.

    Raises :class:`~safelight.errors.IndexFileError`.
    """
    if directory is None:
        return MemoryIndexes(source, types)
    return StoredIndexes(source, directory, layout_key, types)
