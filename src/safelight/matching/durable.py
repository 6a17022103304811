"""Writing files so that a crash or a full disk leaves either the old content or the new, never a mixture."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from safelight.errors import IndexNotWritten


@contextlib.contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn the operating system's refusal to write ``path`` into :class:`IndexNotWritten`."""
    try:
        yield
    except OSError as error:
        raise IndexNotWritten(
            f"cannot write {path}: {error.strerror or error}. Nothing acknowledged is lost and searches go on "
            "with what was there before. Free space or correct the permissions; the next sync catches up."
        ) from error


def write_all(fd: int, data: bytes | memoryview, offset: int) -> None:
    """Write all of ``data`` at ``offset``; a short write (a filling disk) is continued until the error shows."""
    view = memoryview(data)
    while view:
        written = os.pwrite(fd, view, offset)
        view, offset = view[written:], offset + written


def sync_directory(directory: Path) -> None:
    """Make renames and new names in a directory survive a power cut."""
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def replace_file(path: Path, content: bytes) -> None:
    """Atomically give ``path`` new content. Raises :class:`IndexNotWritten`; the old content then remains."""
    temporary = path.with_name(path.name + ".tmp")
    with explained(path):
        try:
            fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            try:
                write_all(fd, content, 0)
                os.fsync(fd)
            finally:
                os.close(fd)
            temporary.rename(path)
        except OSError:
            temporary.unlink(missing_ok=True)
            raise
        sync_directory(path.parent)


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
