"""Writing index files so that a full disk is an error that says what to do, and a crash leaves old or new."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from safelight.durable import sync_directory
from safelight.errors import IndexNotWritten


@contextlib.contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn the operating system's refusal to write ``path`` into :class:`IndexNotWritten`."""
    try:
        yield
    except OSError as error:
        raise IndexNotWritten(
            f"cannot write {path}: {error.strerror or error}. Nothing acknowledged is lost, and searches "
            "go on with what was there. Free space or correct the permissions; the next sync catches up."
        ) from error


def write_all(fd: int, data: bytes | memoryview, offset: int) -> None:
    """Write all of ``data`` at ``offset``; a short write is continued, so that a full disk shows."""
    view = memoryview(data)
    while view:
        written = os.pwrite(fd, view, offset)
        view, offset = view[written:], offset + written


def commit_file(temporary: Path, path: Path) -> None:
    """Give a file that was written under a temporary name its own, once its bytes are on disk."""
    with explained(path):
        fd = os.open(temporary, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
        temporary.rename(path)
        sync_directory(path.parent)
