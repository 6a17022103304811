"""What an operator asks of indexes: how big they are, whether they are whole, and to fold them now."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from safelight.errors import IndexDamaged, IndexFileError
from safelight.lists.store import Stamp
from safelight.matching import engine
from safelight.matching.kinds import INDEXED, PDQ, IndexedType
from safelight.matching.log import LogTail
from safelight.matching.manifest import NAME, Manifest, condemn, read_manifest, segment_path
from safelight.matching.source import IndexSource, LayoutKey
from safelight.matching.staging import Progress
from safelight.matching.writer import IndexWriter
from safelight.workspace import Workspace
from safelight.workspace.verification import Finding

Looked = TypeVar("Looked")

_BLOCKS_AT_ONCE: Final = 64


@dataclass(frozen=True, slots=True)
class IndexStats:
    """One signal type's index as it is on disk. Sizes in bytes."""

    signal_type: str
    stamp: Stamp
    generation: int
    rows: int
    distinct: int
    snapshot_bytes: int
    logged_changes: int
    log_bytes: int

    @property
    def bytes_per_value(self) -> float:
        """Bytes of the snapshot for each distinct value, 0 while there is none."""
        return self.snapshot_bytes / self.distinct if self.distinct else 0.0


@dataclass(frozen=True, slots=True)
class IndexCheck:
    """What a full verification of one index found; ``problem`` is None when every byte is as written."""

    signal_type: str
    blocks: int
    records: int
    problem: str | None


def stats(directory: Path, layout_key: LayoutKey) -> tuple[IndexStats, ...]:
    """The indexes in a directory. Raises :class:`~safelight.errors.IndexFileError`."""
    key = layout_key()
    return tuple(_stats(directory / kind.signal_type, kind, key) for kind in _present(directory))


def verify(
    directory: Path,
    layout_key: LayoutKey,
    progress: Callable[[str, float], None] = lambda _doing, _done: None,
) -> tuple[IndexCheck, ...]:
    """Read every block and every record against its checksum; what is wrong is told, not raised.

    A damaged index is not searched from then on, and its writer is told to look.
    """
    key = layout_key()
    return tuple(_verify(directory / kind.signal_type, kind, key, progress) for kind in _present(directory))


def verify_indexes(workspace: Workspace, progress: Callable[[int, int], None]) -> Iterator[Finding]:
    """Verify the indexes of a workspace, for ``safelight lists verify``."""
    checks = verify(
        workspace.index_directory,
        workspace.index_key,
        lambda _doing, done: progress(int(1000 * done), 1000),
    )
    for check in checks:
        if check.problem is None:
            yield Finding(True, f"The {check.signal_type} index is whole: {check.blocks:,} blocks read.")
        else:
            yield Finding(False, f"The {check.signal_type} index cannot be used: {check.problem}")
    if not checks:
        yield Finding(True, "There is no index yet; the first scan builds it.")


def compact(
    source: IndexSource,
    directory: Path,
    layout_key: LayoutKey,
    types: Sequence[IndexedType] = (PDQ,),
    progress: Progress = lambda _doing, _done: None,
) -> Stamp:
    """Bring the indexes up to date and fold their logs into new snapshots, whatever their size.

    Raises :class:`~safelight.errors.WorkspaceBusy` when another process writes them, and
    :class:`~safelight.errors.IndexNotWritten`.
    """
    with IndexWriter(source, directory, layout_key, types, progress=progress) as writer:
        writer.wait_for_compaction()
        writer.compact()
        return source.stamp()


def _present(directory: Path) -> list[IndexedType]:
    return [kind for kind in INDEXED.values() if (directory / kind.signal_type / NAME).exists()]


def _undisturbed(directory: Path, key: bytes, look: Callable[[Manifest], Looked]) -> Looked:
    """Look at the files of an index; when the writer swaps them meanwhile, look again."""
    while True:
        manifest, raw = read_manifest(directory, key)
        try:
            return look(manifest)
        except (FileNotFoundError, IndexFileError):
            if (directory / NAME).read_bytes() == raw:
                raise


def _stats(directory: Path, kind: IndexedType, key: bytes) -> IndexStats:
    def look(manifest: Manifest) -> IndexStats:
        snapshot = None
        if manifest.snapshot is not None:
            snapshot = engine.open_snapshot(directory, manifest, kind, key)
        changes, sequence = 0, manifest.sequence
        for number in manifest.segments:
            with contextlib.closing(LogTail(directory, number, kind, key)) as tail:
                for batch in tail.read():
                    changes, sequence = changes + len(batch.changes), batch.sequence
        return IndexStats(
            kind.signal_type,
            manifest.stamp(sequence),
            manifest.segments[0],
            manifest.rows,
            len(snapshot) if snapshot else 0,
            snapshot.bytes if snapshot else 0,
            changes,
            sum(segment_path(directory, number).stat().st_size for number in manifest.segments),
        )

    try:
        return _undisturbed(directory, key, look)
    except FileNotFoundError as error:
        raise IndexDamaged(f"{error.filename} is missing; the index writer rebuilds it.") from error


def _verify(
    directory: Path, kind: IndexedType, key: bytes, progress: Callable[[str, float], None]
) -> IndexCheck:
    looked_at: list[Manifest] = []

    def look(manifest: Manifest) -> IndexCheck:
        looked_at.append(manifest)
        blocks = _verify_snapshot(directory, manifest, kind, key, progress)
        records = sum(
            _verify_log(directory, number, kind, key, closed=number != manifest.segments[-1])
            for number in manifest.segments
        )
        return IndexCheck(kind.signal_type, blocks, records, None)

    try:
        return _undisturbed(directory, key, look)
    except FileNotFoundError as error:
        problem = f"{error.filename} is missing; the index writer rebuilds it."
    except IndexFileError as error:
        problem = str(error)
        if looked_at:
            condemn(directory, looked_at[-1])
    return IndexCheck(kind.signal_type, 0, 0, problem)


def _verify_snapshot(
    directory: Path, manifest: Manifest, kind: IndexedType, key: bytes, progress: Callable[[str, float], None]
) -> int:
    if manifest.snapshot is None:
        return 0
    snapshot = engine.open_snapshot(directory, manifest, kind, key)
    for block in range(0, snapshot.blocks(), _BLOCKS_AT_ONCE):
        _, bad = snapshot.verify(block, _BLOCKS_AT_ONCE)
        if bad is not None:
            raise IndexDamaged(f"block {bad} of {snapshot.path} is damaged; the index writer rebuilds it.")
        progress(f"verifying {kind.signal_type}", min((block + _BLOCKS_AT_ONCE) / snapshot.blocks(), 1.0))
    return snapshot.blocks()


def _verify_log(directory: Path, number: int, kind: IndexedType, key: bytes, *, closed: bool) -> int:
    """How many records it has. What is half-written at the end of the last one is not damage."""
    with contextlib.closing(LogTail(directory, number, kind, key)) as tail:
        records = sum(1 for _ in tail.read())
        if closed and tail.unread():
            raise IndexDamaged(
                f"{tail.path} is damaged after record {records}; the index writer rebuilds it."
            )
        return records
