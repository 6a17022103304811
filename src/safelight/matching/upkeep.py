"""What an operator asks of indexes: how big they are, whether they are whole, and to fold them now."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from safelight.errors import IndexFileError
from safelight.lists.store import Stamp
from safelight.matching import engine
from safelight.matching.kinds import INDEXED, PDQ, IndexedType
from safelight.matching.log import LogTail
from safelight.matching.manifest import Manifest, read_manifest, segment_path
from safelight.matching.source import IndexSource, LayoutKey
from safelight.matching.staging import Progress
from safelight.matching.writer import IndexWriter

_BLOCKS_AT_ONCE = 64


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
    """Read every block and every record against its checksum; what is wrong is told, not raised."""
    key = layout_key()
    return tuple(_verify(directory / kind.signal_type, kind, key, progress) for kind in _present(directory))


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
    return [kind for kind in INDEXED.values() if (directory / kind.signal_type).is_dir()]


def _stats(directory: Path, kind: IndexedType, key: bytes) -> IndexStats:
    manifest, _ = read_manifest(directory, key)
    snapshot = engine.open_snapshot(directory, manifest, kind, key) if manifest.snapshot is not None else None
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


def _verify(
    directory: Path, kind: IndexedType, key: bytes, progress: Callable[[str, float], None]
) -> IndexCheck:
    blocks = records = 0
    problem: str | None = None
    try:
        manifest, _ = read_manifest(directory, key)
        blocks, problem = _verify_snapshot(directory, manifest, kind, key, progress)
        for number in manifest.segments:
            with contextlib.closing(LogTail(directory, number, kind, key)) as tail:
                records += sum(1 for _ in tail.read())
                if tail.unread() and number != manifest.segments[-1]:
                    problem = problem or f"{tail.path} is damaged after record {records}"
    except (IndexFileError, FileNotFoundError) as error:
        problem = str(error)
    return IndexCheck(kind.signal_type, blocks, records, problem)


def _verify_snapshot(
    directory: Path, manifest: Manifest, kind: IndexedType, key: bytes, progress: Callable[[str, float], None]
) -> tuple[int, str | None]:
    if manifest.snapshot is None:
        return 0, None
    snapshot = engine.open_snapshot(directory, manifest, kind, key)
    for block in range(0, snapshot.blocks(), _BLOCKS_AT_ONCE):
        _, bad = snapshot.verify(block, _BLOCKS_AT_ONCE)
        if bad is not None:
            return block, f"block {bad} of {snapshot.path} is damaged; the index writer rebuilds it"
        progress(f"verifying {kind.signal_type}", min((block + _BLOCKS_AT_ONCE) / snapshot.blocks(), 1.0))
    return snapshot.blocks(), None
