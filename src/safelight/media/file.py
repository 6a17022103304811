"""Opens what a path or a caller gives so that nothing it is can hang, block or change unnoticed."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from safelight.media.content import Content
from safelight.media.sandbox.descriptors import sealed_memfd
from safelight.media.sandbox.limits import Limits
from safelight.types import MediaKind, Problem, UnscannedReason

DEFAULT_MAX_BYTES: Final = Limits().max_file_bytes
"""The largest file that is opened: what the sandbox would take."""

_FLAGS: Final = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY


@dataclass(frozen=True, slots=True)
class _Identity:
    """What differs when a file was written to, truncated or replaced."""

    device: int
    inode: int
    size: int
    modified_ns: int
    changed_ns: int

    @classmethod
    def of(cls, fd: int) -> _Identity:
        s = os.fstat(fd)
        return cls(s.st_dev, s.st_ino, s.st_size, s.st_mtime_ns, s.st_ctime_ns)


@dataclass(frozen=True, slots=True)
class OpenedFile:
    """A regular file open for reading, and what its first bytes say. Valid inside ``with open_media(...)``.

    Its offset belongs to nobody: read with ``os.pread``, since sandboxed children share the descriptor.
    """

    fd: int
    size: int
    content: Content
    identity: _Identity

    @property
    def kind(self) -> MediaKind:
        """The family of what it first of all is."""
        return self.content.formats[0].kind

    @property
    def mime(self) -> str:
        """The media type of what it first of all is."""
        return self.content.formats[0].mime

    def changed(self) -> Problem | None:
        """A problem if the file is no longer what was opened; ask after the last byte has been read."""
        try:
            same = _Identity.of(self.fd) == self.identity
        except OSError as error:
            return Problem(UnscannedReason.UNREADABLE, detail=_explain(error))
        return None if same else Problem(UnscannedReason.CHANGED, detail="it was written to meanwhile")


@contextmanager
def open_media(
    source: str | os.PathLike[str] | bytes, *, max_bytes: int = DEFAULT_MAX_BYTES
) -> Iterator[OpenedFile | Problem]:
    """Open a path, or bytes, for reading; what cannot be opened is yielded as a :class:`Problem`, not raised.

    Symbolic links are followed, because the caller named them. A directory, FIFO, socket or device is
    ``NOT_A_FILE`` and is not even opened, since opening can block or act. Bytes go to a sealed memory file.
    A file above ``max_bytes`` is ``TOO_LARGE``.
    """
    fd = sealed_memfd(source) if isinstance(source, bytes) else _open(source)
    if isinstance(fd, Problem):
        yield fd
        return
    try:
        yield _look(fd, max_bytes)
    finally:
        os.close(fd)


def _open(path: str | os.PathLike[str]) -> int | Problem:
    try:
        if problem := _not_a_file(os.stat(path).st_mode):  # noqa: PTH116 - names can be bytes
            return problem
        return os.open(path, _FLAGS)
    except OSError as error:
        return Problem(UnscannedReason.UNREADABLE, detail=_explain(error))
    except ValueError as error:  # a NUL or a character that no file name can hold
        return Problem(UnscannedReason.UNREADABLE, detail=f"no file can have this name: {error}")


def _look(fd: int, max_bytes: int) -> OpenedFile | Problem:
    try:
        # Again, on what was opened: the name may have been given to a FIFO since.
        if problem := _not_a_file(os.fstat(fd).st_mode):
            return problem
        identity = _Identity.of(fd)
        if identity.size > max_bytes:
            return Problem(
                UnscannedReason.TOO_LARGE,
                detail=f"{identity.size:,} bytes; at most {max_bytes:,} are allowed",
            )
        content = Content.of(fd, identity.size)
    except OSError as error:
        return Problem(UnscannedReason.UNREADABLE, detail=_explain(error))
    return OpenedFile(fd, identity.size, content, identity)


_NOT_FILES: Final = (
    (stat.S_ISDIR, "a directory"),
    (stat.S_ISFIFO, "a FIFO"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a character device"),
    (stat.S_ISBLK, "a block device"),
)


def _not_a_file(mode: int) -> Problem | None:
    if stat.S_ISREG(mode):
        return None
    what = next((name for test, name in _NOT_FILES if test(mode)), "not a regular file")
    return Problem(UnscannedReason.NOT_A_FILE, detail=what)


def _explain(error: OSError) -> str:
    # Without the path, which the observation carries once and escaped.
    if error.errno == errno.ENOENT:
        return "it does not exist, or vanished before it was read"
    return os.strerror(error.errno) if error.errno is not None else type(error).__name__
