"""The embedded store's tables, as numbered steps: a database is brought up to date one step at a time.

What is sealed and what is not. A listed value is kept twice: sealed (``entry.sealed``), for building indexes,
and as a keyed tag (``entry.tag``), for finding it. List names, the source's keys, classifications and counts
are plain: they are asked for by the database itself (withdrawals, tables of counts), they are not listed
values, and they show nothing that the results of a scan do not show. Equal values have equal tags, so a
stolen database tells which lists share an entry, and how many there are, but no entry.

A row's number is the sequence number of the change that added it. So additions need no table of changes: the
rows are their own log, and only withdrawals are written down apart. Numbers are never used twice.
"""

from __future__ import annotations

import sqlite3
from typing import Final

from safelight.errors import WorkspaceTooNew

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """CREATE TABLE state (
            one INTEGER PRIMARY KEY CHECK (one = 1),
            workspace TEXT NOT NULL,
            epoch TEXT NOT NULL,
            sequence INTEGER NOT NULL DEFAULT 0,
            resealed_to INTEGER NOT NULL DEFAULT 0,
            derivation BLOB
        ) STRICT""",
        "CREATE TABLE root_key (id TEXT PRIMARY KEY, current INTEGER NOT NULL) STRICT",
        """CREATE TABLE hash_list (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            name TEXT NOT NULL UNIQUE,
            class TEXT NOT NULL,
            distance INTEGER NOT NULL,
            shadow INTEGER NOT NULL,
            enabled INTEGER NOT NULL,
            source TEXT NOT NULL
        ) STRICT""",
        """CREATE TABLE entry (
            row INTEGER PRIMARY KEY,
            list INTEGER NOT NULL REFERENCES hash_list (id),
            signal_type TEXT NOT NULL,
            tag BLOB NOT NULL,
            sealed BLOB NOT NULL,
            key TEXT NOT NULL,
            classification TEXT,
            flags TEXT NOT NULL
        ) STRICT""",
        "CREATE INDEX entry_tag ON entry (tag)",
        "CREATE INDEX entry_key ON entry (list, key)",
        """CREATE TABLE withdrawal (
            sequence INTEGER PRIMARY KEY,
            row INTEGER NOT NULL,
            signal_type TEXT NOT NULL
        ) STRICT""",
        """CREATE TABLE tally (
            list INTEGER NOT NULL REFERENCES hash_list (id),
            signal_type TEXT NOT NULL,
            entries INTEGER NOT NULL,
            PRIMARY KEY (list, signal_type)
        ) STRICT, WITHOUT ROWID""",
    ),
    (
        "ALTER TABLE hash_list ADD COLUMN query_percent INTEGER NOT NULL DEFAULT 80",
        "ALTER TABLE hash_list ADD COLUMN listed_percent INTEGER NOT NULL DEFAULT 80",
    ),
)
"""Step *n* brings a database from version *n* to *n* + 1; a step that was released is never edited."""

LEAST_SQLITE: Final = (3, 37)
"""The first SQLite with STRICT tables (Debian 12 has 3.40)."""


def is_current(connection: sqlite3.Connection) -> bool:
    """Whether a database has taken every step, and no other."""
    return _steps_taken(connection) == len(MIGRATIONS)


def _steps_taken(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def migrate(connection: sqlite3.Connection) -> None:
    """Take the steps that are missing, within the caller's transaction, so that all happen or none.

    Raises :class:`~safelight.errors.WorkspaceTooNew` for a database with more steps than are known here.
    """
    present = _steps_taken(connection)
    if present > len(MIGRATIONS):
        raise WorkspaceTooNew(
            f"This workspace's lists have format {present}; this Safelight knows formats up to "
            f"{len(MIGRATIONS)}. Upgrade Safelight; nothing was changed."
        )
    for step in MIGRATIONS[present:]:
        for statement in step:
            connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
