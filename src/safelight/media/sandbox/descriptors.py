"""A decoder gets a file as a descriptor that nobody can write through; here they are made and checked."""

from __future__ import annotations

import fcntl
import os
import stat
from typing import Final

from safelight.errors import UsageError

_SEALS: Final = fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK


def sealed_memfd(data: bytes) -> int:
    """A memory file with these bytes that nobody, its maker included, can change; the caller closes it."""
    fd = os.memfd_create("safelight", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(fd, rest) :]
        seal(fd)
    except BaseException:
        os.close(fd)
        raise
    return fd


def seal(fd: int) -> None:
    """Make a memory file what nobody can change any more."""
    fcntl.fcntl(fd, fcntl.F_ADD_SEALS, _SEALS | fcntl.F_SEAL_SEAL)


def size_of_safe_file(fd: int) -> int:
    """The bytes of a regular file open for reading only, or sealed.

    Raises :class:`~safelight.errors.UsageError` for any other descriptor: a decoder could write through it.
    """
    status = os.fstat(fd)
    flags = fcntl.fcntl(fd, fcntl.F_GETFL)
    if not stat.S_ISREG(status.st_mode) or flags & os.O_PATH:
        raise UsageError(
            "The sandbox decodes regular files only; read other things into sealed_memfd() first."
        )
    if flags & os.O_ACCMODE != os.O_RDONLY and not _sealed(fd):
        raise UsageError(
            "The descriptor is open for writing; open the file with O_RDONLY, or make a sealed_memfd()."
        )
    return status.st_size


def _sealed(fd: int) -> bool:
    try:
        return fcntl.fcntl(fd, fcntl.F_GET_SEALS) & _SEALS == _SEALS
    except OSError:
        return False  # not a memory file
