"""The files of one signal type's index, as their one writer changes them: append, rotate, swap in a snapshot.

Every step leaves a directory that opens: a new file is whole and on disk before the manifest names it, and a
file is removed only after the manifest has stopped naming it. Readers keep what they have mapped.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from safelight.errors import IndexDamaged, IndexFileError, IndexNotWritten, IndexTooNew
from safelight.lists.store import Change, Stamp
from safelight.matching import engine
from safelight.matching.kinds import IndexedType
from safelight.matching.log import LogEnd, LogTail, create_log
from safelight.matching.manifest import (
    Manifest,
    damaged_path,
    read_manifest,
    segment_path,
    snapshot_path,
)
from safelight.matching.records import Batch
from safelight.matching.source import IndexSource, LayoutKey
from safelight.matching.staging import Progress, staged
from safelight.matching.writing import commit_file, explained

_NUMBERED: Final = re.compile(r"(?:snapshot|log|damaged)-(\d+)")


@dataclass(frozen=True, slots=True)
class Rotation:
    """A compaction under way: the log file begun with it, and the store's state before that file."""

    number: int
    stamp: Stamp


class TypeWriter:
    """Writes one signal type's index; the caller holds the directory's lock and serialises calls.

    ``fault`` says why the index must be rebuilt before it can be appended to, None while it is sound.
    """

    def __init__(self, directory: Path, kind: IndexedType, layout_key: LayoutKey) -> None:
        self.kind = kind
        self.directory = directory
        self._layout_key = layout_key
        self._key = layout_key()
        self._manifest: Manifest | None = None
        self._end: LogEnd | None = None
        self._logged = 0
        self._unsynced = False
        self.fault: str | None = None
        with explained(directory):
            directory.mkdir(mode=0o700, exist_ok=True)
        self._load()

    def _load(self) -> None:
        try:
            manifest, _ = read_manifest(self.directory, self._key)
            if manifest.snapshot is not None:
                engine.open_snapshot(self.directory, manifest, self.kind, self._key)
            closed = 0
            for number in manifest.segments[:-1]:
                with contextlib.closing(LogTail(self.directory, number, self.kind, self._key)) as tail:
                    closed += tail.skip()
                    if tail.unread():
                        raise IndexDamaged(f"{tail.path} is damaged")
            self._end = LogEnd(self.directory, manifest.segments[-1], self.kind, self._key)
            self._logged = closed + self._end.changes
            self._manifest = manifest
        except (IndexTooNew, IndexNotWritten):
            raise
        except FileNotFoundError as error:
            self.fault = "there is none yet" if not self._numbers() else f"{error.filename} is missing"
        except IndexFileError as error:
            self.fault = str(error)
        else:
            self._sweep()

    @property
    def sequence(self) -> int:
        """Up to where the store's changes are held."""
        return self._end.sequence if self._end else 0

    @property
    def manifest(self) -> Manifest:
        """The files as they are now; call only while there is no fault."""
        assert self._manifest is not None
        return self._manifest

    @property
    def logged(self) -> int:
        """Changes in the log since the snapshot."""
        return self._logged

    @property
    def log_bytes(self) -> int:
        """Bytes of the log files since the snapshot."""
        return sum(segment_path(self.directory, n).stat().st_size for n in self.manifest.segments)

    def trouble(self, stamp: Stamp) -> str | None:
        """Why the index must be rebuilt to serve a store at ``stamp``; None if it need not."""
        if self.fault or self._manifest is None:
            return self.fault or "there is none yet"
        if self.suspected() and self._is_damaged():
            return "a reader found it damaged"
        if (self._manifest.workspace, self._manifest.epoch) != (stamp.workspace, stamp.epoch):
            return "the lists come from another workspace or were restored from a backup"
        if stamp.sequence < self.sequence:
            return "the lists are older than the index: they were restored from a backup"
        return None

    def suspected(self) -> bool:
        """Whether a reader found a damaged block; :meth:`trouble` then looks for itself."""
        return self._manifest is not None and damaged_path(self.directory, self._manifest).exists()

    def take(self, changes: Sequence[Change]) -> None:
        """Append this type's part of the store's next changes; :meth:`flush` makes them durable.

        Raises :class:`~safelight.errors.IndexNotWritten`, and then none were taken.
        """
        if batch := Batch.of_changes(self.kind, changes, self.sequence):
            self._append(batch)

    def mark(self, sequence: int) -> None:
        """Note that no change of this type happened up to ``sequence``."""
        if sequence > self.sequence:
            assert self._end is not None
            self._end.append(
                Batch.empty(sequence, self.kind.width)
            )  # lost, it costs only reading changes again

    def _append(self, batch: Batch) -> None:
        assert self._end is not None
        self._end.append(batch)
        self._logged += len(batch.changes)
        self._unsynced = True

    def flush(self) -> None:
        """Make everything taken survive a power cut."""
        if not self._unsynced:
            return
        assert self._end is not None
        try:
            self._end.sync()
        except IndexNotWritten as error:
            # After a failed fsync nobody knows what reached the disk; only new files are to be trusted.
            self.fault = str(error)
            raise
        self._unsynced = False

    def rebuild(self, source: IndexSource, progress: Progress) -> None:
        """Make the index anew from the source's live rows."""
        stamp, number = source.stamp(), self._next_number()
        self._key = self._layout_key()
        with self._cleared(number):
            built = self._build(source, number, stamp, progress)
            create_log(self.directory, number, self.kind, stamp.sequence)
            self._switch(built)
        self.fault, self._unsynced = None, False

    def rotate(self) -> Rotation:
        """Begin a compaction: later changes go to a new log file, which the coming snapshot precedes."""
        self.flush()
        stamp, number = self.manifest.stamp(self.sequence), self._next_number()
        with self._cleared(number):
            create_log(self.directory, number, self.kind, stamp.sequence)
            self._switch(self.manifest.with_segment(number))
        return Rotation(number, stamp)

    def build(self, source: IndexSource, rotation: Rotation, progress: Progress) -> Manifest:
        """Write the snapshot of a compaction, for :meth:`finish`; appends may go on meanwhile.

        It may hold changes later than the rotation: the log repeats them, and repeating them changes nothing.
        """
        with self._cleared(rotation.number):
            return self._build(source, rotation.number, rotation.stamp, progress)

    def finish(self, rotation: Rotation, built: Manifest) -> None:
        """Swap the snapshot in, unless the index was rebuilt meanwhile."""
        if rotation.number not in self.manifest.segments or self.fault:
            self._remove(rotation.number)
            return
        later = tuple(n for n in self.manifest.segments if n >= rotation.number)
        with self._cleared(rotation.number):
            self._switch(replace(built, segments=later))

    @contextlib.contextmanager
    def _cleared(self, number: int) -> Iterator[None]:
        """Remove the files of that number again when making them failed: a full disk must not stay full."""
        try:
            yield
        except BaseException:
            self._remove(number)
            raise

    def _build(self, source: IndexSource, number: int, stamp: Stamp, progress: Progress) -> Manifest:
        temporary = self._temporary(number)
        expected = self._manifest.rows + self._logged if self._manifest else 0
        with staged(source, self.kind, self.directory, progress, expected) as columns:
            manifest = Manifest(
                self.kind.signal_type,
                stamp.workspace,
                stamp.epoch,
                number if columns.count else None,
                columns.count,
                columns.newest_row,
                stamp.sequence,
                (number,),
            )
            if columns.count:
                with explained(temporary):
                    engine.build_snapshot(
                        temporary,
                        self.kind,
                        columns,
                        key=self._key,
                        stamp=manifest.snapshot_stamp(),
                        progress=progress,
                    )
                commit_file(temporary, snapshot_path(self.directory, number))
            return manifest

    def _switch(self, manifest: Manifest) -> None:
        last = manifest.segments[-1]
        end = self._end if self._end and self._end.number == last else None
        end = end or LogEnd(self.directory, last, self.kind, self._key)
        try:
            manifest.write(self.directory, self._key)
        except IndexNotWritten:
            # The rename may have happened even so; what counts is the name that a reader finds now.
            if self._is_current(manifest):
                self._adopt(manifest, end)
            elif end is not self._end:
                end.close()
            raise
        self._adopt(manifest, end)
        self._sweep()

    def _is_current(self, manifest: Manifest) -> bool:
        try:
            return read_manifest(self.directory, self._key)[0] == manifest
        except (FileNotFoundError, IndexFileError):
            return False

    def _adopt(self, manifest: Manifest, end: LogEnd) -> None:
        if self._manifest is None or self._manifest.segments[0] != manifest.segments[0]:
            self._logged = self._count(manifest.segments[:-1]) + end.changes
        if self._end and self._end is not end:
            self._end.close()
        self._end, self._manifest = end, manifest

    def _count(self, segments: Sequence[int]) -> int:
        total = 0
        for number in segments:
            with contextlib.closing(LogTail(self.directory, number, self.kind, self._key)) as tail:
                total += tail.skip()
        return total

    def _temporary(self, number: int) -> Path:
        path = snapshot_path(self.directory, number)
        return path.with_name(path.name + ".tmp")

    def _numbers(self) -> list[int]:
        return [int(found[1]) for path in self.directory.iterdir() if (found := _NUMBERED.match(path.name))]

    def _next_number(self) -> int:
        return max(self._numbers(), default=0) + 1

    def _is_damaged(self) -> bool:
        """Read all that a reader reads. What was suspected for nothing is forgotten."""
        assert self._end is not None
        try:
            if self.manifest.snapshot is not None:
                snapshot = engine.open_snapshot(self.directory, self.manifest, self.kind, self._key)
                if snapshot.verify()[1] is not None:
                    return True
            for number in self.manifest.segments:
                with contextlib.closing(LogTail(self.directory, number, self.kind, self._key)) as tail:
                    tail.skip()
                    if tail.unread() or (number == self._end.number and tail.offset != self._end.offset):
                        return True
        except (FileNotFoundError, IndexFileError):
            return True
        self._sweep()
        return False

    def _named(self) -> set[str]:
        if self._manifest is None:
            return set()
        named = {segment_path(self.directory, n).name for n in self._manifest.segments}
        if self._manifest.snapshot is not None:
            named.add(snapshot_path(self.directory, self._manifest.snapshot).name)
        return named

    def _remove(self, *numbers: int) -> None:
        """Remove the files of these numbers (of all, if none given) that the manifest does not name."""
        named = self._named()
        for path in self.directory.iterdir():
            found = _NUMBERED.match(path.name)
            if found and path.name not in named and (not numbers or int(found[1]) in numbers):
                with contextlib.suppress(OSError):
                    path.unlink()

    def _sweep(self) -> None:
        """Remove what a crash left and what was superseded."""
        self._remove()

    def close(self) -> None:
        """Release the files."""
        if self._end:
            self._end.close()
            self._end = None
