"""Which files belong to an index, which do not any more, and whether those that do are whole."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path
from typing import Final

from safelight.errors import IndexDamaged
from safelight.matching import engine
from safelight.matching.kinds import IndexedType
from safelight.matching.log import LogTail
from safelight.matching.manifest import Manifest, damaged_path, segment_path, snapshot_path

_NUMBERED: Final = re.compile(r"(?:snapshot|log|damaged)-(\d+)")


def next_number(directory: Path) -> int:
    """A number that no file there has; 1 in a directory without any."""
    found = (_NUMBERED.match(path.name) for path in directory.iterdir())
    return max((int(match[1]) for match in found if match), default=0) + 1


def remove_unnamed(directory: Path, manifest: Manifest | None, number: int | None = None) -> None:
    """Remove what a crash left and what was superseded: of one number, or of all.

    What cannot be removed now is tried again after the next change.
    """
    named = _named(directory, manifest) if manifest else set()
    for path in directory.iterdir():
        match = _NUMBERED.match(path.name)
        if match and path not in named and number in {None, int(match[1])}:
            with contextlib.suppress(OSError):
                path.unlink()


def _named(directory: Path, manifest: Manifest) -> set[Path]:
    named = {segment_path(directory, number) for number in manifest.segments}
    if manifest.snapshot is not None:
        named.add(snapshot_path(directory, manifest.snapshot))
    return named | {damaged_path(directory, manifest)}


def read_segment(
    directory: Path, number: int, kind: IndexedType, key: bytes, *, whole: bool = False
) -> tuple[int, int]:
    """How many changes a log file has, and the offset after its last whole record.

    Raises ``FileNotFoundError``, and :class:`IndexDamaged` for an altered record, or for a torn end if it has
    to be ``whole``.
    """
    with contextlib.closing(LogTail(directory, number, kind, key)) as tail:
        changes = tail.skip()
        if whole and tail.unread():
            raise IndexDamaged(f"{tail.path} is damaged; the index writer rebuilds it.")
        return changes, tail.offset


def read_everything(directory: Path, manifest: Manifest, kind: IndexedType, key: bytes, end: int) -> None:
    """Read every byte that a reader may; ``end`` is where the last log file must end.

    Raises ``FileNotFoundError`` and :class:`~safelight.errors.IndexFileError`.
    """
    if manifest.snapshot is not None:
        snapshot = engine.open_snapshot(directory, manifest, kind, key)
        _, bad = snapshot.verify()
        if bad is not None:
            raise IndexDamaged(f"block {bad} of {snapshot.path} is damaged; the index writer rebuilds it.")
    offset = 0
    for number in manifest.segments:
        _, offset = read_segment(directory, number, kind, key, whole=True)
    if offset != end:
        raise IndexDamaged(f"{directory} lacks the end of its log; the index writer rebuilds it.")
