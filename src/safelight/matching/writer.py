"""The one writer of a node's indexes: follows the store's changes, and folds them into snapshots in time."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from safelight.errors import IndexFileError
from safelight.lists.store import Stamp
from safelight.matching.kinds import PDQ, IndexedType
from safelight.matching.lock import WriterLock
from safelight.matching.source import IndexSource, LayoutKey
from safelight.matching.staging import Progress, unseen
from safelight.matching.type_writer import TypeWriter
from safelight.matching.writing import explained

logger = logging.getLogger(__name__)

RETRY_SYNC_SECONDS: Final = 1.0
RETRY_SECONDS: Final = 60.0
"""Pause after a failed compaction: a full disk does not empty itself within milliseconds."""


@dataclass(frozen=True, slots=True)
class CompactWhen:
    """When the log is worth folding into a new snapshot: a delta is scanned, a snapshot is looked up.

    ``changes`` or ``share`` of the snapshot's rows, whichever is more, yet at most ``most``: a delta costs
    every reading process some 100 bytes a change. ``log_bytes`` bounds the marks of a signal type that never
    changes.
    """

    changes: int = 50_000
    share: float = 0.05
    most: int = 1_000_000
    log_bytes: int = 1 << 30

    def due(self, writer: TypeWriter) -> bool:
        """Whether to fold now."""
        return writer.logged > self.limit(writer) or writer.log_bytes > self.log_bytes

    def limit(self, writer: TypeWriter) -> float:
        """Changes that the log may hold."""
        return max(self.changes, min(self.share * writer.manifest.rows, self.most))


class IndexWriter:
    """Keeps the indexes of a directory at the state of their source; one a directory, held by a lock.

    ``wait`` is how many seconds to wait for another writer to leave. Raises
    :class:`~safelight.errors.WorkspaceBusy`, and :class:`~safelight.errors.IndexNotWritten`. Methods may be
    called from several threads.
    """

    def __init__(
        self,
        source: IndexSource,
        directory: Path,
        layout_key: LayoutKey,
        types: Sequence[IndexedType] = (PDQ,),
        *,
        wait: float = 0.0,
        compact_when: CompactWhen | None = None,
        progress: Progress = unseen,
    ) -> None:
        self._source = source
        self._when = compact_when or CompactWhen()
        self._progress = progress
        self._mutex = threading.RLock()
        self._compacting = threading.Lock()
        self._compactor: threading.Thread | None = None
        self._not_before = 0.0
        self.last_problem: IndexFileError | None = None
        with explained(directory):
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = WriterLock(directory, wait)
        self._types: list[TypeWriter] = []
        try:
            for kind in types:
                self._types.append(TypeWriter(directory / kind.signal_type, kind, layout_key))
        except BaseException:
            self.close()
            raise

    def sync(self) -> Stamp:
        """Take in every change up to the source's present state: durable, and found by readers, on return.

        Rebuilds an index that is damaged, of another epoch, or ahead of its source (a restored backup).
        Starts a compaction in the background when one is due. Raises
        :class:`~safelight.errors.IndexNotWritten`; earlier changes stay searchable and the next call catches up.
        """
        with self._mutex:
            stamp = self._source.stamp()
            for writer in self._types:
                self._rebuild_if(writer, writer.trouble(stamp) or self._overtaken(writer, stamp))
            self._tail(stamp.sequence)
            for writer in self._types:
                writer.mark(stamp.sequence)
                writer.flush()
        if any(self._when.due(writer) for writer in self._types):
            self._compact_in_background()
        return stamp

    def _rebuild_if(self, writer: TypeWriter, trouble: str | None) -> None:
        if trouble:
            logger.info("building the %s index: %s", writer.kind.signal_type, trouble)
            writer.rebuild(self._source, self._progress)

    def _overtaken(self, writer: TypeWriter, stamp: Stamp) -> str | None:
        """A first import: reading the lists once costs less than logging more changes than there are rows."""
        pending = stamp.sequence - writer.sequence
        if pending > max(self._when.limit(writer), writer.manifest.rows + writer.logged):
            return f"{pending} changes are pending, more than it holds"
        return None

    def _tail(self, until: int) -> None:
        after = min((writer.sequence for writer in self._types), default=until)
        while after < until and (changes := self._source.changes(after)):
            for writer in self._types:
                writer.take(changes)
            after = changes[-1].sequence

    def compact(self) -> None:
        """Fold the log of every index into a new snapshot now, and return when that is done.

        Neither readers nor appends from other threads wait for it. Raises
        :class:`~safelight.errors.IndexNotWritten`; the index is then as good as before.
        """
        self.sync()
        with self._compacting:
            for writer in self._types:
                self._compact(writer)

    def _compact(self, writer: TypeWriter) -> None:
        with self._mutex:
            if writer.fault or (not writer.logged and len(writer.manifest.segments) == 1):
                return
            rotation = writer.rotate()
        built = writer.build(self._source, rotation, self._progress)
        with self._mutex:
            writer.finish(rotation, built)

    def _compact_in_background(self) -> None:
        if time.monotonic() < self._not_before or self.compacting:
            return
        self._compactor = threading.Thread(target=self._compact_due, name="safelight-compaction", daemon=True)
        self._compactor.start()

    def _compact_due(self) -> None:
        try:
            with self._compacting:
                for writer in self._types:
                    if self._when.due(writer):
                        self._compact(writer)
            self.last_problem = None
        except IndexFileError as error:
            self.last_problem = error
            self._not_before = time.monotonic() + RETRY_SECONDS
            logger.warning("compaction failed, searches go on without it: %s", error)

    @property
    def compacting(self) -> bool:
        """Whether a compaction runs in the background."""
        return self._compactor is not None and self._compactor.is_alive()

    def wait_for_compaction(self) -> None:
        """Return when no compaction is running."""
        if self._compactor:
            self._compactor.join()

    def follow(self, stop: threading.Event, interval: float = 0.05) -> None:
        """Sync whenever the source has changed, until told to stop; looks every ``interval`` seconds.

        A disk that fills up is logged and tried again; it does not end the writer.
        """
        seen: Stamp | None = None
        while not stop.is_set():
            seen = self._sync_if_changed(seen)
            stop.wait(interval)

    def follow_compaction(self, interval: float = 0.05) -> None:
        """The same until no compaction is running."""
        seen: Stamp | None = None
        while self.compacting:
            seen = self._sync_if_changed(seen)
            time.sleep(interval)

    def _sync_if_changed(self, seen: Stamp | None) -> Stamp | None:
        try:
            if self._source.stamp() == seen and not any(writer.suspected() for writer in self._types):
                return seen
            return self.sync()
        except IndexFileError as error:
            self.last_problem = error
            logger.warning("the indexes could not be brought up to date: %s", error)
            time.sleep(RETRY_SYNC_SECONDS)
            return None

    def close(self) -> None:
        """Finish a running compaction, release the files, and let another writer in."""
        self.wait_for_compaction()
        for writer in self._types:
            writer.close()
        self._lock.close()

    def __enter__(self) -> IndexWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
