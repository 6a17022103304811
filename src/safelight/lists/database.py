"""SQLite as threads and processes need it: one connection a thread, honest transactions, plain errors."""

from __future__ import annotations

import contextlib
import errno
import os
import sqlite3
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from safelight.errors import SafelightError, WorkspaceBusy, WorkspaceError, WorkspaceFull
from safelight.lists.freezing import FROZEN
from safelight.lists.schema import LEAST_SQLITE

BUSY_SECONDS: Final = 60.0
"""How long a writer waits for another one; imports commit at least every few thousand entries."""

_PRAGMAS: Final = (
    "PRAGMA journal_mode = WAL",
    # FULL, because what was acknowledged must outlive a power cut.
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    # Withdrawn values and values under a retired key are overwritten, not left in free pages.
    "PRAGMA secure_delete = ON",
    "PRAGMA trusted_schema = OFF",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA cache_size = -65536",
    "PRAGMA wal_autocheckpoint = 8192",
    "PRAGMA journal_size_limit = 67108864",
)


class _Holder:
    """One thread's connection, closed with the thread, and never by a child that inherited it by fork."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self.pid = os.getpid()

    def close(self) -> None:
        if self.pid == os.getpid():
            self.connection.close()

    def __del__(self) -> None:
        self.close()


class Database:
    """One database file. Every method is safe from any thread, and after a fork."""

    def __init__(self, path: Path) -> None:
        if sqlite3.sqlite_version_info < LEAST_SQLITE:
            raise WorkspaceError(
                f"This Python has SQLite {sqlite3.sqlite_version}; hash lists need 3.37 or newer. "
                "Use Debian 12's Python, or a newer one."
            )
        self.path = path
        self._local = threading.local()
        self._holders: weakref.WeakSet[_Holder] = weakref.WeakSet()
        self._inherited: list[_Holder] = []
        self._closed = False

    def connect(self) -> sqlite3.Connection:
        """A connection of the caller's own, for a read that outlives one call; the caller closes it."""
        if self._closed:
            raise WorkspaceError("This list store was closed. Open its workspace again.")
        with self._plain_errors():
            connection = sqlite3.connect(
                f"{self.path.absolute().as_uri()}?mode=rw",
                uri=True,
                timeout=BUSY_SECONDS,
                isolation_level=None,
                check_same_thread=False,
            )
            try:
                for pragma in _PRAGMAS:
                    connection.execute(pragma)
            except BaseException:
                connection.close()
                raise
        return connection

    def _mine(self) -> sqlite3.Connection:
        holder: _Holder | None = getattr(self._local, "holder", None)
        if holder is not None and holder.pid != os.getpid():
            # SQLite forbids using, and even closing, a connection in a forked child: keep it untouched.
            self._inherited.append(holder)
            holder = None
        if holder is None or self._closed:
            holder = _Holder(self.connect())
            self._local.holder = holder
            self._holders.add(holder)
        return holder.connection

    @contextlib.contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """A transaction that sees one consistent state."""
        connection = self._mine()
        with self._plain_errors():
            connection.execute("BEGIN")
            try:
                yield connection
            finally:
                connection.execute("ROLLBACK")

    @contextlib.contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """A transaction that nobody else writes beside; committed to disk when the block ends."""
        connection = self._mine()
        with self._plain_errors():
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")

    @contextlib.contextmanager
    def read_apart(self) -> Iterator[sqlite3.Connection]:
        """As :meth:`read`, on a connection of its own, so that the thread can do other work meanwhile."""
        with self._plain_errors(), contextlib.closing(self.connect()) as connection:
            connection.execute("BEGIN")
            yield connection

    def close(self) -> None:
        """Close every connection of this process."""
        self._closed = True
        for holder in list(self._holders):
            holder.close()

    @contextlib.contextmanager
    def _plain_errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            plain = self._explain(error)
            if plain is None:
                raise
            raise plain from error
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            raise self._full() from error

    def _explain(  # noqa: PLR0911 - one return a cause
        self, error: sqlite3.Error
    ) -> SafelightError | None:
        if str(error) == FROZEN:
            return WorkspaceError(
                f"The lists in {self.path} were taken over by the server and are not changed here any more. "
                "Start `safelight serve` if it does not run, and repeat: the command then asks the server's."
            )
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return WorkspaceBusy(
                f"Another process has been writing to {self.path} for over {BUSY_SECONDS:.0f} seconds. "
                "Wait for it to finish and repeat."
            )
        if code == sqlite3.SQLITE_FULL or (code == sqlite3.SQLITE_IOERR and self._disk_is_full()):
            return self._full()
        if code == sqlite3.SQLITE_IOERR:
            return WorkspaceError(
                f"The disk failed while {self.path} was used: {error}. Look at the system's log; when the "
                "disk is sound again, run `safelight lists verify`."
            )
        if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            return WorkspaceError(f"{self.path} is damaged. Restore the workspace from a backup.")
        if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
            return WorkspaceError(
                f"{self.path} cannot be opened for writing: {error}. Check that it is there, that this user "
                "owns it, and that its disk is not mounted read-only."
            )
        return None

    def _disk_is_full(self) -> bool:
        try:
            status = os.statvfs(self.path.parent)
        except OSError:
            return False
        return status.f_bavail * status.f_frsize < 1 << 20

    def _full(self) -> WorkspaceFull:
        return WorkspaceFull(
            f"The disk that holds {self.path} is full. What was acknowledged before is kept; free some space "
            "and repeat."
        )
