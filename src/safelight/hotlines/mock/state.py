"""What the mock hotline remembers, in one SQLite file: reports, their files, and every answer it gave.

Of files it keeps name, size and MD5, never the bytes. Documents are kept as they came, because a rehearsal is
there to be looked at; delete the directory afterwards.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from safelight.hotlines.cybertipline.deadline import AFTER_CHANGE, AFTER_OPENING

FILE: Final = "mock-hotline.sqlite3"
_FIRST_REPORT: Final = 1_000_001
_TABLES: Final = """
CREATE TABLE IF NOT EXISTS report (
  id INTEGER PRIMARY KEY, state TEXT NOT NULL, opened REAL NOT NULL, changed REAL, document BLOB NOT NULL,
  batched INTEGER NOT NULL, finishes INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS file (
  id TEXT PRIMARY KEY, report INTEGER NOT NULL REFERENCES report, name TEXT NOT NULL, size INTEGER NOT NULL,
  md5 TEXT NOT NULL, details BLOB
);
CREATE TABLE IF NOT EXISTS answer (
  request_id TEXT PRIMARY KEY, at REAL NOT NULL, call TEXT NOT NULL, report INTEGER, status INTEGER NOT NULL,
  body BLOB NOT NULL, sent TEXT NOT NULL
);
"""


class Standing(StrEnum):
    """What became of a report."""

    OPEN = "open"
    FINISHED = "finished"
    RETRACTED = "retracted"
    DELETED = "deleted"
    """It was not finished in time."""


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file of a report. ``details`` is the document of its ``fileinfo``, if there was one."""

    id: str
    name: str
    size: int
    md5: str
    details: bytes | None


@dataclass(frozen=True, slots=True)
class KeptReport:
    """A report as it stands. ``finishes`` is how often it was finished, which is never more than once."""

    id: int
    standing: Standing
    document: bytes
    batched: bool
    finishes: int
    files: tuple[KeptFile, ...]


@dataclass(frozen=True, slots=True)
class GivenAnswer:
    """An answer, and how much of it was sent: ``whole``, ``part`` or ``none``."""

    request_id: str
    call: str
    report: int | None
    status: int
    body: bytes
    sent: str


class State:
    """The mock's memory. Safe to use from any thread; another process may read meanwhile."""

    def __init__(
        self, directory: Path, *, hurry: float = 1.0, clock: Callable[[], float] = time.time
    ) -> None:
        """``hurry`` is how many times faster than the real hotline it deletes what is not finished."""
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self._clock = clock
        self._hurry = hurry
        self._database = sqlite3.connect(directory / FILE, check_same_thread=False, isolation_level=None)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.executescript(_TABLES)

    @contextmanager
    def acting(self) -> Iterator[None]:
        """Nobody else acts meanwhile, and all of it is kept or nothing. What is overdue is deleted first."""
        with self._lock:
            self._database.execute("BEGIN IMMEDIATE")
            try:
                self._delete_overdue()
                yield
            except BaseException:
                self._database.execute("ROLLBACK")
                raise
            self._database.execute("COMMIT")

    def open_report(self, document: bytes, *, batched: bool) -> int:
        """Keep a new report; its number."""
        [highest] = self._database.execute("SELECT max(id) FROM report").fetchone()
        number = _FIRST_REPORT if highest is None else int(highest) + 1
        self._database.execute(
            "INSERT INTO report (id, state, opened, document, batched) VALUES (?, ?, ?, ?, ?)",
            (number, Standing.OPEN, self._clock(), document, batched),
        )
        return number

    def standing(self, report: int) -> Standing | None:
        """What became of a report; None for one that never was."""
        row = self._database.execute("SELECT state FROM report WHERE id = ?", (report,)).fetchone()
        return None if row is None else Standing(row[0])

    def add_file(self, report: int, kept: KeptFile) -> None:
        """Add a file to an open report."""
        self._database.execute(
            "INSERT INTO file (id, report, name, size, md5) VALUES (?, ?, ?, ?, ?)",
            (kept.id, report, kept.name, kept.size, kept.md5),
        )
        self._changed(report)

    def describe(self, report: int, file: str, details: bytes) -> None:
        """Keep what was told about a file."""
        self._database.execute("UPDATE file SET details = ? WHERE id = ?", (details, file))
        self._changed(report)

    def end(self, report: int, standing: Standing) -> None:
        """Finish or retract."""
        finished = int(standing is Standing.FINISHED)
        self._database.execute(
            "UPDATE report SET state = ?, finishes = finishes + ? WHERE id = ?", (standing, finished, report)
        )

    def note(self, given: GivenAnswer) -> None:
        """Keep an answer, before it is sent."""
        with self._lock:
            self._database.execute(
                "INSERT INTO answer VALUES (?, ?, ?, ?, ?, ?, ?)",
                (given.request_id, self._clock(), given.call, given.report, given.status, given.body,
                 given.sent),
            )  # fmt: skip

    def is_batched(self, report: int) -> bool:
        """Whether it was opened as a batched report."""
        return bool(
            self._database.execute("SELECT batched FROM report WHERE id = ?", (report,)).fetchone()[0]
        )

    def files(self, report: int) -> dict[str, KeptFile]:
        """The files of a report by their ids, in the order in which they came."""
        rows = self._database.execute(
            "SELECT id, name, size, md5, details FROM file WHERE report = ? ORDER BY rowid", (report,)
        )
        return {row[0]: KeptFile(*row) for row in rows}

    def reports(self) -> list[KeptReport]:
        """All reports, in the order in which they were opened."""
        with self.acting():
            rows = self._database.execute(
                "SELECT id, state, document, batched, finishes FROM report ORDER BY id"
            ).fetchall()
            files = self._database.execute(
                "SELECT report, id, name, size, md5, details FROM file ORDER BY rowid"
            ).fetchall()
        of_report: dict[int, list[KeptFile]] = {}
        for report, *told in files:
            of_report.setdefault(report, []).append(KeptFile(*told))
        return [
            KeptReport(id_, Standing(state), document, bool(batched), finishes, tuple(of_report.get(id_, ())))
            for id_, state, document, batched, finishes in rows
        ]

    def answers(self) -> list[GivenAnswer]:
        """Every answer, in the order in which they were given."""
        with self._lock:
            rows = self._database.execute(
                "SELECT request_id, call, report, status, body, sent FROM answer ORDER BY rowid"
            ).fetchall()
        return [GivenAnswer(*row) for row in rows]

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def _changed(self, report: int) -> None:
        self._database.execute("UPDATE report SET changed = ? WHERE id = ?", (self._clock(), report))

    def _delete_overdue(self) -> None:
        after_opening = AFTER_OPENING.total_seconds() / self._hurry
        after_change = AFTER_CHANGE.total_seconds() / self._hurry
        self._database.execute(
            "UPDATE report SET state = ? WHERE state = ? AND max(opened + ?, coalesce(changed, 0) + ?) < ?",
            (Standing.DELETED, Standing.OPEN, after_opening, after_change, self._clock()),
        )
