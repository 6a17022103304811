"""Sealed objects in a directory: each is written without a name, synced, and only then given its name.

``O_TMPFILE`` leaves nothing behind when the writer is killed. Where a file system lacks it, a hidden partial
file is written instead, locked while its writer lives, and swept by the next process that opens the store.
Giving the name is a hard link, which refuses a name that is taken.
"""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from uuid import UUID

from safelight.durable import sync_directory
from safelight.errors import (
    ObjectDamaged,
    ObjectExists,
    ObjectMissing,
    StoreFull,
    StoreUnavailable,
    StoreUnsafe,
)
from safelight.vault.writing import make_directory, write_all

_PARTIAL: Final = ".partial-"
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_NO_TMPFILE: Final = frozenset({errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL})


class LocalStore:
    """An :class:`~safelight.vault.stores.protocol.ObjectStore` in a directory of mode 0700.

    Objects lie in 256 directories by the last two digits of their id, which are random in a UUIDv7.
    """

    def __init__(self, root: Path, *, unnamed: bool = True) -> None:
        """Open the directory, creating it if its parent exists.

        ``unnamed=False`` writes partial files even where ``O_TMPFILE`` works. Raises
        :class:`~safelight.errors.StoreUnsafe` for a directory that others can enter, and
        :class:`~safelight.errors.StoreUnavailable`.
        """
        self._root = root
        self._unnamed = unnamed
        with _explained(root):
            make_directory(root)
            found = root.stat(follow_symlinks=False)
        if not stat.S_ISDIR(found.st_mode):
            raise StoreUnavailable(
                f"{root} is not a directory. Give the evidence store a directory of its own."
            )
        if found.st_mode & 0o077 or found.st_uid != os.geteuid():
            raise StoreUnsafe(
                f"Others may enter the evidence store {root}. Run `chmod 700 {root}` and `chown` it to the "
                "user that Safelight runs as."
            )
        with _explained(root):
            self._sweep()

    def put(self, object_id: UUID, pieces: Iterable[bytes]) -> int:
        """See the protocol."""
        path = self._path(object_id)
        with _explained(path):
            make_directory(path.parent)
            directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            with _explained(path):
                if path.exists():
                    raise _exists(object_id)
            return self._write(object_id, pieces, directory)
        finally:
            os.close(directory)

    def get(self, object_id: UUID, start: int, length: int) -> bytes:
        """See the protocol."""
        with self._opened(object_id) as fd, _explained(self._path(object_id)):
            found = os.pread(fd, length, start)
            while len(found) < length and (more := os.pread(fd, length - len(found), start + len(found))):
                found += more
        if len(found) != length:
            raise ObjectDamaged(f"Object {object_id} ends before byte {start + length}.")
        return found

    def size(self, object_id: UUID) -> int:
        """See the protocol."""
        with self._opened(object_id) as fd:
            return os.fstat(fd).st_size

    def delete(self, object_id: UUID) -> None:
        """See the protocol."""
        path = self._path(object_id)
        with _explained(path):
            try:
                path.unlink()
            except FileNotFoundError:
                return
            sync_directory(path.parent)

    def ids(self, prefix: str = "") -> Iterator[UUID]:
        """See the protocol."""
        with _explained(self._root):
            shards = [shard for shard in self._root.iterdir() if shard.is_dir()]
        for shard in shards:
            with _explained(shard):
                names = [path.name for path in shard.iterdir()]
            yield from (UUID(name) for name in names if name.startswith(prefix) and _is_id(name))

    def _write(self, object_id: UUID, pieces: Iterable[bytes], directory: int) -> int:
        path = self._path(object_id)
        fd, partial = self._new_file(path.parent)
        try:
            size = 0
            for piece in pieces:
                with _explained(path):
                    write_all(fd, piece)
                size += len(piece)
            with _explained(path):
                os.fsync(fd)
                source = f"/proc/self/fd/{fd}" if partial is None else str(partial)
                try:
                    # Only with a directory descriptor does Python follow the link in /proc to the file.
                    os.link(source, path.name, dst_dir_fd=directory)
                except FileExistsError:
                    raise _exists(object_id) from None
                os.fsync(directory)
            return size
        finally:
            if partial is not None:
                partial.unlink(missing_ok=True)
            os.close(fd)

    def _new_file(self, directory: Path) -> tuple[int, Path | None]:
        """A file to write to, and its name if it has to have one."""
        with _explained(directory):
            if self._unnamed:
                try:
                    return os.open(directory, os.O_TMPFILE | os.O_WRONLY | os.O_CLOEXEC, 0o600), None
                except OSError as error:
                    if error.errno not in _NO_TMPFILE:
                        raise
                    self._unnamed = False
            partial = directory / (_PARTIAL + secrets.token_hex(8))
            fd = os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
            fcntl.flock(fd, fcntl.LOCK_EX)
            return fd, partial

    def _sweep(self) -> None:
        """Remove the partial files whose writers are dead: nobody holds their lock."""
        for partial in self._root.glob(f"??/{_PARTIAL}*"):
            try:
                fd = os.open(partial, os.O_RDONLY | os.O_CLOEXEC)
            except FileNotFoundError:
                continue
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                partial.unlink(missing_ok=True)
            except BlockingIOError:
                pass
            finally:
                os.close(fd)

    def _path(self, object_id: UUID) -> Path:
        name = str(object_id)
        return self._root / name[-2:] / name

    @contextmanager
    def _opened(self, object_id: UUID) -> Iterator[int]:
        with _explained(self._path(object_id)):
            try:
                fd = os.open(self._path(object_id), os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
            except FileNotFoundError:
                raise ObjectMissing(f"No object {object_id} is in the evidence store.") from None
        try:
            yield fd
        finally:
            os.close(fd)


def _exists(object_id: UUID) -> ObjectExists:
    return ObjectExists(f"Object {object_id} is there already; seal again under a new id.")


def _is_id(name: str) -> bool:
    try:
        return str(UUID(name)) == name
    except ValueError:
        return False


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Say what the operator can do about what the operating system refused."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise StoreFull(
                f"No room for evidence at {path}: {error.strerror}. Nothing was stored. Free or add space."
            ) from error
        raise StoreUnavailable(
            f"The evidence store refused {path}: {error.strerror}. Check disk, mount and permissions."
        ) from error
