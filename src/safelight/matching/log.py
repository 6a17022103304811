"""One file of an index log: a tail that any process follows, and the end that the one writer appends to."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from safelight.durable import sync_directory
from safelight.errors import IndexDamaged
from safelight.matching.kinds import IndexedType
from safelight.matching.manifest import segment_path
from safelight.matching.records import HEADER_BYTES, MAX_RECORD_BYTES, Batch, Header, RecordSeal
from safelight.matching.writing import explained, write_all

MAX_BATCH: Final = 16_384
"""Changes in one record at most; keeps a record well under :data:`~.records.MAX_RECORD_BYTES`."""
_CHUNK: Final = 2 * MAX_RECORD_BYTES


class LogTail:
    """Follows a log file from its beginning; what is half-written is left for the next call.

    Raises ``FileNotFoundError``, and :class:`IndexDamaged` for a file that is not the log it should be.
    """

    def __init__(self, directory: Path, number: int, kind: IndexedType, layout_key: bytes) -> None:
        self.path = segment_path(directory, number)
        self.number = number
        self._fd = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            header = Header.parse(os.pread(self._fd, HEADER_BYTES, 0), str(self.path))
            header.check(number, kind.width, str(self.path))
        except BaseException:
            self.close()
            raise
        self.start = header.start
        self.offset = HEADER_BYTES
        self.seal = RecordSeal(header, layout_key)

    def read(self) -> Iterator[Batch]:
        """The batches that became whole since the last call."""
        while self.unread():
            data = memoryview(os.pread(self._fd, _CHUNK, self.offset))
            used = 0
            while record := self.seal.open(data[used:], self.offset):
                batch, length = record
                used += length
                self.offset += length
                yield batch
            if not used:
                return

    def skip(self) -> int:
        """Read on to the end, and return how many changes there were."""
        return sum(len(batch.changes) for batch in self.read())

    def unread(self) -> int:
        """Bytes after the last whole record read. Raises :class:`IndexDamaged` if the file was shortened."""
        unread = os.fstat(self._fd).st_size - self.offset
        if unread < 0:
            raise IndexDamaged(f"{self.path} was shortened; the index writer rebuilds it.")
        return unread

    def close(self) -> None:
        """Release the file."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def __del__(self) -> None:
        if hasattr(self, "_fd"):
            self.close()


class LogEnd:
    """Appends to a log file; only the holder of the directory's lock may have one.

    Opening reads the whole file, so that ``sequence`` is what is really there, and cuts a torn tail.
    """

    def __init__(self, directory: Path, number: int, kind: IndexedType, layout_key: bytes) -> None:
        tail = LogTail(directory, number, kind, layout_key)
        with contextlib.closing(tail):
            self.sequence = tail.start
            self.changes = 0
            for batch in tail.read():
                self.sequence = batch.sequence
                self.changes += len(batch.changes)
            self.number, self.path, self.offset, torn = number, tail.path, tail.offset, tail.unread()
        self._seal = tail.seal
        with explained(self.path):
            self._fd = os.open(self.path, os.O_RDWR | os.O_CLOEXEC)
            if torn:
                os.ftruncate(self._fd, self.offset)
                os.fsync(self._fd)

    def append(self, batch: Batch) -> None:
        """Add a record. On :class:`~safelight.errors.IndexNotWritten` the log is as it was."""
        record = self._seal.seal(batch, self.offset)
        with explained(self.path):
            try:
                write_all(self._fd, record, self.offset)
            except OSError:
                with contextlib.suppress(OSError):
                    os.ftruncate(self._fd, self.offset)
                raise
        self.offset += len(record)
        self.sequence = batch.sequence
        self.changes += len(batch.changes)

    def sync(self) -> None:
        """Make every appended record survive a power cut."""
        with explained(self.path):
            os.fdatasync(self._fd)

    def close(self) -> None:
        """Release the file."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def create_log(directory: Path, number: int, kind: IndexedType, start: int) -> None:
    """A new, empty log file of the changes after the sequence ``start``; durable when this returns."""
    path = segment_path(directory, number)
    header = Header(kind.width, number, start, os.urandom(16)).pack()
    with explained(path):
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            write_all(fd, header, 0)
            os.fsync(fd)
        except OSError:
            path.unlink()
            raise
        finally:
            os.close(fd)
        sync_directory(directory)
