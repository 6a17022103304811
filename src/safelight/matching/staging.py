"""From the live rows of a store to a finished snapshot file.

Values are staged in memory while they are few, else in unnamed files that vanish with the process, so that a
kill leaves no listed value behind.
"""

from __future__ import annotations

import contextlib
import itertools
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import numpy as np

from safelight.matching.kinds import Bytes2D, IndexedType, Rows
from safelight.matching.source import IndexSource
from safelight.matching.writing import explained, write_all

Progress = Callable[[str, float | None], None]
"""Called now and then with what is being done and how much of it is (0-1, None when not known)."""


def unseen(_doing: str, _done: float | None) -> None:
    """For whoever does not show progress."""


CHUNK: Final = 65_536
IN_MEMORY: Final = 1 << 20
"""Rows staged in memory; at 40 bytes each, 40 MiB."""


class Staged:
    """Columns of values and rows as the snapshot builder takes them: arrays, or paths of unnamed files."""

    def __init__(self, directory: Path, kind: IndexedType) -> None:
        self._directory = directory
        self._kind = kind
        self._values: list[Bytes2D] = []
        self._rows: list[Rows] = []
        self._files: tuple[int, int] | None = None
        self.count = 0
        self.newest_row = 0

    def extend(self, values: Bytes2D, rows: Rows) -> None:
        """Add a chunk. Raises :class:`~safelight.errors.IndexNotWritten` when the disk is full."""
        self._values.append(values)
        self._rows.append(rows)
        held = sum(len(chunk) for chunk in self._rows)
        if self._files or held > IN_MEMORY:
            self._spill()
        self.count += len(rows)
        self.newest_row = max(self.newest_row, int(rows.max(initial=0)))

    def _spill(self) -> None:
        with explained(self._directory):
            if self._files is None:
                flags = os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC
                self._files = os.open(self._directory, flags, 0o600), os.open(self._directory, flags, 0o600)
            width, start = self._kind.width, self.count - sum(len(chunk) for chunk in self._rows[:-1])
            write_all(self._files[0], np.concatenate(self._values).tobytes(), start * width)
            write_all(self._files[1], np.concatenate(self._rows).tobytes(), start * 8)
        self._values.clear()
        self._rows.clear()

    def columns(self) -> tuple[Bytes2D | str, Rows | str]:
        """Values and rows, each an array or the path of a raw file."""
        if self._files:
            return f"/proc/self/fd/{self._files[0]}", f"/proc/self/fd/{self._files[1]}"
        return self.arrays()

    def arrays(self) -> tuple[Bytes2D, Rows]:
        """Values and rows while there are at most :data:`IN_MEMORY`."""
        assert self._files is None
        empty = np.zeros((0, self._kind.width), dtype=np.uint8)
        return np.concatenate([empty, *self._values]), np.concatenate(
            [np.zeros(0, dtype=np.uint64), *self._rows]
        )

    def close(self) -> None:
        """Let go of memory and files."""
        for fd in self._files or ():
            os.close(fd)
        self._files = None
        self._values.clear()
        self._rows.clear()


@contextlib.contextmanager
def staged(
    source: IndexSource, kind: IndexedType, directory: Path, progress: Progress, expected: int = 0
) -> Iterator[Staged]:
    """Every live row of one type, in one consistent state of the source."""
    columns = Staged(directory, kind)
    try:
        live = source.live(kind.signal_type)
        while chunk := list(itertools.islice(live, CHUNK)):
            rows = np.fromiter((row for row, _ in chunk), dtype=np.uint64, count=len(chunk))
            columns.extend(kind.pack([value for _, value in chunk]), rows)
            progress("reading the lists", min(columns.count / expected, 1.0) if expected else None)
        yield columns
    finally:
        columns.close()
