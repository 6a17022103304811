"""What a long scan has finished, so that a killed one goes on where it was, and its results stay whole.

One SQLite file. Finished files are committed in batches, after their result lines are on disk, together with
how long the results file was. On opening, whatever was written after the last commit is cut off: those files
are scanned again, so each has exactly one line however the scan was stopped.

A file counts as finished while its size, change time and inode are the same *and* it was scanned with the
same lists, policy, limits and version (``made_with``). Otherwise it is scanned anew and a line is added: one
line for each version of a file against each state of the lists.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from safelight.errors import UsageError
from safelight.scan.tally import Tallied
from safelight.scan.walk import Found, Refused

FORMAT: Final = 1

_SCHEMA: Final = """
CREATE TABLE finished (
    path BLOB PRIMARY KEY, size INTEGER, changed_ns INTEGER, inode INTEGER, made_with TEXT, tallied TEXT
) WITHOUT ROWID;
CREATE TABLE results (path BLOB NOT NULL, length INTEGER NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class Finished:
    """One finished file: what the walk met before anything was opened, and what to count of it."""

    met: Found | Refused
    tallied: Tallied


class ScanState:
    """The state file of one scan; used by one process and one thread at a time."""

    def __init__(self, path: Path, *, results: Path | None, made_with: str) -> None:
        """Open or create. Cuts torn results off.

        Raises :class:`~safelight.errors.UsageError` when the file is no state, belongs to other results, or
        is in use.
        """
        self._made_with = made_with
        self._results = results
        self._path = path
        try:
            self._db = sqlite3.connect(path, isolation_level=None, timeout=0)
        except sqlite3.OperationalError as error:
            raise UsageError(f"cannot use the state {path}: {error}") from error
        try:
            self._lock()
        except BaseException:
            self._db.close()
            raise

    def _lock(self) -> None:
        try:
            self._db.execute("PRAGMA locking_mode=EXCLUSIVE")
            self._db.execute("PRAGMA journal_mode=TRUNCATE")
            self._db.execute("PRAGMA synchronous=FULL")
            self._db.execute("BEGIN EXCLUSIVE")
            self._prepare()
            self._db.execute("COMMIT")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
                raise UsageError(f"the state {self._path} is in use by another scan; wait for it") from error
            raise UsageError(f"cannot use the state {self._path}: {error}") from error
        except sqlite3.DatabaseError as error:
            raise UsageError(f"{self._path} is not a scan state; give a new file") from error

    def _prepare(self) -> None:
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        if version > FORMAT:
            raise UsageError(f"the state {self._path} was written by a newer Safelight; upgrade")
        if version == 0:
            if self._db.execute("SELECT 1 FROM sqlite_master").fetchone():
                raise sqlite3.DatabaseError("another program's database")
            if self._results is not None and self._results.exists():
                raise UsageError(
                    f"{self._results} exists and the state {self._path} is new; results are never overwritten"
                )
            for statement in _SCHEMA.split(";"):
                self._db.execute(statement)
            self._db.execute(f"PRAGMA user_version={FORMAT}")
            self._db.execute("INSERT INTO results VALUES (?, 0)", (self._results_name(),))
        name, length = self._db.execute("SELECT path, length FROM results").fetchone()
        if name != self._results_name():
            raise UsageError(
                f"the state {self._path} belongs to the results {os.fsdecode(name) or '(none)'!r};"
                " give the same --jsonl as before, or a new --state"
            )
        if self._results is not None:
            _cut(self._results, length, self._path)

    def _results_name(self) -> bytes:
        return b"" if self._results is None else os.fsencode(self._results.absolute())

    def finished(self, met: Found | Refused) -> Tallied | None:
        """What was counted of a file that is finished and unchanged, else None."""
        query = (
            "SELECT tallied FROM finished WHERE (path, size, changed_ns, inode, made_with) = (?, ?, ?, ?, ?)"
        )
        row = self._db.execute(query, (*_same(met), self._made_with)).fetchone()
        return row and Tallied.from_list(json.loads(row[0]))

    def others(self) -> int:
        """How many files were finished with other lists, another policy or another version."""
        query = "SELECT count(*) FROM finished WHERE made_with<>?"
        (count,) = self._db.execute(query, (self._made_with,)).fetchone()
        return int(count)

    def commit(self, batch: Iterable[Finished], results_length: int) -> None:
        """Make a batch durable. Its result lines must be on disk, ``results_length`` bytes in all."""
        with self._transaction():
            self._write(batch, results_length)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def _write(self, batch: Iterable[Finished], results_length: int) -> None:
        self._db.executemany(
            "INSERT OR REPLACE INTO finished VALUES (?, ?, ?, ?, ?, ?)",
            ((*_same(one.met), self._made_with, json.dumps(one.tallied.to_list())) for one in batch),
        )
        self._db.execute("UPDATE results SET length=?", (results_length,))

    def close(self) -> None:
        """Release the file and its lock."""
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _same(met: Found | Refused) -> tuple[bytes, int, int, int]:
    """What must be the same for a path to be the same file; what is refused has no size."""
    path = os.fsencode(Path(met.path).absolute())
    return (path, met.size, met.changed_ns, met.inode) if isinstance(met, Found) else (path, -1, 0, 0)


def _cut(results: Path, length: int, state: Path) -> None:
    """Cut off the lines that were written after the last commit, a torn last one among them."""
    size = results.stat().st_size if results.exists() else 0
    if size < length:
        raise UsageError(
            f"{results} is shorter than the state {state} says, so it was altered;"
            " give a new --state and a new --jsonl"
        )
    if size > length:
        os.truncate(results, length)
