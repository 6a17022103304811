"""Where an upload waits until it is sealed: in memory or a file without a name; a kill leaves neither.

A named temporary file survives a kill, and with it the plaintext. A ``memfd`` and an ``O_TMPFILE`` end with
the last process that holds them. What a disk or swap keeps of freed blocks is not ours to erase: the
operator's guide asks for encrypted disks and swap.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import resource
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from safelight.errors import SpoolTooLarge, StoreFull, StoreUnavailable
from safelight.vault.writing import write_all

_PR_SET_DUMPABLE: Final = 4
_COPY: Final = 1 << 20
_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.ENOMEM})


class Spool:
    """One upload, written once and then read by descriptor. Closing it ends its bytes.

    Up to ``in_memory`` bytes stay in a memfd; more move to an ``O_TMPFILE`` in ``directory``.
    """

    def __init__(self, directory: Path, *, in_memory: int = 8 << 20, limit: int = 4 << 30) -> None:
        """Sizes are in bytes."""
        self._directory = directory
        self._in_memory = in_memory
        self._limit = limit
        self._on_disk = False
        self.size = 0
        self.fd = os.memfd_create("upload", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def write(self, piece: bytes) -> None:
        """Add bytes.

        Raises :class:`~safelight.errors.SpoolTooLarge`, :class:`~safelight.errors.StoreFull`, and
        :class:`~safelight.errors.StoreUnavailable` where the directory's file system has no ``O_TMPFILE``.
        """
        if self.size + len(piece) > self._limit:
            raise SpoolTooLarge(f"The upload is larger than {self._limit} bytes, the limit that is set.")
        if not self._on_disk and self.size + len(piece) > self._in_memory:
            self._move_to_disk()
        try:
            write_all(self.fd, piece)
        except OSError as error:
            raise self._explained(error) from error
        self.size += len(piece)

    def write_all(self, pieces: Iterable[bytes]) -> Self:
        """Add every piece, then :meth:`finish`."""
        for piece in pieces:
            self.write(piece)
        self.finish()
        return self

    def finish(self) -> None:
        """Fix the bytes and go to their start. In memory, nobody can change them from here on."""
        if not self._on_disk:
            fcntl.fcntl(
                self.fd,
                fcntl.F_ADD_SEALS,
                fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_SEAL,
            )
        os.lseek(self.fd, 0, os.SEEK_SET)

    def close(self) -> None:
        """End the bytes. Closing twice is no error."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def _move_to_disk(self) -> None:
        try:
            fd = os.open(self._directory, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise self._explained(error) from error
        try:
            for start in range(0, self.size, _COPY):
                write_all(fd, os.pread(self.fd, _COPY, start))
        except OSError as error:
            os.close(fd)
            raise self._explained(error) from error
        os.close(self.fd)
        self.fd, self._on_disk = fd, True

    def _explained(self, error: OSError) -> StoreUnavailable:
        if error.errno in _NO_ROOM:
            return StoreFull(f"No room to take the upload in at {self._directory}. Free or add space.")
        return StoreUnavailable(
            f"Uploads cannot wait in {self._directory}: {error.strerror}. It must be writable and lie on a "
            "file system that has O_TMPFILE (ext4, XFS, Btrfs, tmpfs)."
        )


def forbid_core_dumps() -> None:
    """Let no crash of this process write its memory to disk, nor another process of its user trace it.

    Call it first thing in every process that holds content or keys; children that ``exec`` call it again.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "core dumps could not be turned off")
