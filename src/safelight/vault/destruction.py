"""Destroying evidence for good: first written to a log outside every backup, then the key, then the bytes.

A restored backup brings destroyed key records back. Replaying the log before anything is served destroys them
again. The log holds object ids and checksums, and nothing else.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID

from safelight.durable import sync_directory
from safelight.errors import DestructionLogDamaged, StoreUnavailable, UsageError
from safelight.vault.records import KeyRecords
from safelight.vault.stores.protocol import ObjectStore
from safelight.vault.writing import write_all

_FIRST: Final = b"safelight destructions 1\n"
_CHECK: Final = 16
_LINE: Final = 36 + 1 + _CHECK + 1
_TAIL: Final = 4 * _LINE


class DestructionLog:
    """An append-only file, one line an object: its id and a checksum chained over all lines before.

    The chain notices a line that was altered, left out or moved, by accident or by somebody who does not
    recompute it; lines cut off at the end are noticed by the ledger, which has a row for each destruction.
    """

    def __init__(self, path: Path, *, backed_up: Path) -> None:
        """``backed_up`` is the directory that backups are made of; the log must not lie in it.

        Raises :class:`~safelight.errors.UsageError` if it does.
        """
        if path.resolve().is_relative_to(backed_up.resolve()):
            raise UsageError(
                f"The destruction log {path} lies in {backed_up}, which is backed up: a restore would bring "
                "back an old log with the evidence. Give it a place of its own."
            )
        self._path = path

    def create(self) -> None:
        """Begin the log, once, when the workspace is made; an existing one stays as it is.

        A log that is missing later is an error, never an empty one: without it a restored backup would bring
        destroyed evidence back.
        """
        with self._locked(os.O_CREAT) as fd:
            if os.fstat(fd).st_size < len(_FIRST):
                os.ftruncate(fd, 0)
                write_all(fd, _FIRST)
                os.fsync(fd)
                sync_directory(self._path.parent)

    def append(self, object_id: UUID) -> None:
        """Record a destruction, durably when this returns. Safe from several threads and processes.

        Raises :class:`~safelight.errors.DestructionLogDamaged`, and
        :class:`~safelight.errors.StoreUnavailable` where it cannot be written; destroy nothing then.
        """
        try:
            self._append(object_id)
        except OSError as error:
            raise StoreUnavailable(
                f"The destruction log {self._path} cannot be written: {error.strerror}. Nothing was "
                "destroyed. Check its disk, and that it has room."
            ) from error

    def _append(self, object_id: UUID) -> None:
        with self._locked() as fd:
            size = os.fstat(fd).st_size
            tail = os.pread(fd, _TAIL, max(0, size - _TAIL))
            whole = _complete(tail)
            line = _line(self._last_check(whole), object_id)
            # What follows the last complete line was torn by a kill, before anybody was told it was kept.
            os.ftruncate(fd, size - len(tail) + len(whole))
            write_all(fd, line)
            os.fsync(fd)

    def __iter__(self) -> Iterator[UUID]:
        """Every object destroyed, oldest first. Raises :class:`~safelight.errors.DestructionLogDamaged`."""
        with self._locked() as fd:
            whole = _complete(os.pread(fd, os.fstat(fd).st_size, 0))
        yield from self._parse(whole)

    def _last_check(self, tail: bytes) -> str:
        if tail == _FIRST:
            return ""
        last = tail[:-1].rpartition(b"\n")[2].decode("ascii", "replace")
        if len(last) + 1 != _LINE:
            raise self._damaged("The last line")
        return last[-_CHECK:]

    def _parse(self, whole: bytes) -> Iterator[UUID]:
        if not whole.startswith(_FIRST):
            raise self._damaged("The first line")
        check = ""
        for number, line in enumerate(whole[len(_FIRST) :].split(b"\n")[:-1], start=2):
            try:
                object_id = UUID(line[:36].decode("ascii", "replace"))
            except ValueError:
                raise self._damaged(f"Line {number}") from None
            expected = _line(check, object_id)
            if line + b"\n" != expected:
                raise self._damaged(f"Line {number}")
            check = expected[-_CHECK - 1 : -1].decode()
            yield object_id

    def _damaged(self, where: str) -> DestructionLogDamaged:
        return DestructionLogDamaged(
            f"{where} of the destruction log {self._path} was altered, or one before it. "
            "Serve nothing. Restore the log from your copy, and compare it with the ledger."
        )

    @contextmanager
    def _locked(self, flags: int = 0) -> Iterator[int]:
        try:
            fd = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC | flags, 0o600)
        except FileNotFoundError:
            raise DestructionLogDamaged(
                f"The destruction log {self._path} is missing. Serve nothing. Mount or restore it: without "
                "it, a restored backup would bring destroyed evidence back."
            ) from None
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            yield fd
        finally:
            os.close(fd)


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a replay found: how many destructions are logged, and how many keys it had to destroy again."""

    logged: int
    destroyed_again: int


def destroy(object_id: UUID, log: DestructionLog, records: KeyRecords, store: ObjectStore) -> None:
    """Destroy one object for good. The caller has asked :func:`~safelight.vault.clocks.may_destroy`.

    In this order, so that a kill at any time leaves either nothing done or something that
    :func:`replay` completes: the log, the key record (the object is unreadable from here on), the bytes.
    """
    log.append(object_id)
    records.destroy(object_id)
    store.delete(object_id)


def replay(log: DestructionLog, records: KeyRecords, store: ObjectStore) -> Replayed:
    """Destroy again everything that was ever destroyed; at each start, and after a restore before serving.

    The whole log is proven first. Raises :class:`~safelight.errors.DestructionLogDamaged`; serve nothing
    then.
    """
    logged = tuple(log)
    again = sum(records.destroy(object_id) for object_id in logged)
    for object_id in set(logged).intersection(store.ids()):
        store.delete(object_id)
    return Replayed(len(logged), again)


def _line(before: str, object_id: UUID) -> bytes:
    check = hashlib.sha256(f"{before} {object_id}".encode()).hexdigest()[:_CHECK]
    return f"{object_id} {check}\n".encode()


def _complete(raw: bytes) -> bytes:
    return raw[: raw.rfind(b"\n") + 1]
