"""Checks that a workspace can still be trusted: every sealed value opens, every tag and count is right."""

from __future__ import annotations

import hmac
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from safelight.errors import RootKeyError, WorkspaceError
from safelight.lists.sqlite import SqliteListStore
from safelight.workspace.workspace import Workspace

ROWS_NAMED: Final = 20
"""Damaged rows that are named one by one; all are counted."""

Progress = Callable[[int, int], None]
"""Called with how much was looked at and how much there is."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found, in a sentence for the operator; never a listed value."""

    ok: bool
    text: str


def verify_lists(workspace: Workspace, progress: Progress) -> Iterator[Finding]:
    """Check the list database against itself and the root key, as one consistent state."""
    store = workspace.local
    if store is None:
        raise WorkspaceError("The lists are kept by the server; this check reads local ones only.")
    with store.read_apart() as connection:
        faults = [text for (text,) in connection.execute("PRAGMA integrity_check") if text != "ok"]
        for text in faults[:ROWS_NAMED]:
            yield Finding(False, f"The list database is damaged: {text}. Restore it from a backup.")
        if not faults:
            yield Finding(True, "The list database is whole.")
        yield from _verify_rows(store, connection, progress)


def _verify_rows(
    store: SqliteListStore, connection: sqlite3.Connection, progress: Progress
) -> Iterator[Finding]:
    keys = store.row_keys(connection)
    (total,) = connection.execute("SELECT coalesce(sum(entries), 0) FROM tally").fetchone()
    (sequence,) = connection.execute("SELECT sequence FROM state").fetchone()
    counted: Counter[tuple[int, str]] = Counter()
    damaged = 0
    for seen, (row, list_id, type_, tag, sealed) in enumerate(
        connection.execute("SELECT row, list, signal_type, tag, sealed FROM entry ORDER BY row")
    ):
        if seen % 1000 == 0:
            progress(seen, total)
        counted[list_id, type_] += 1
        try:
            raw = keys.open(row, type_, sealed)
            sound = row <= sequence and any(hmac.compare_digest(tag, t) for t in keys.tags(type_, raw))
        except RootKeyError:
            sound = False
        if not sound:
            damaged += 1
            if damaged <= ROWS_NAMED:
                yield Finding(False, f"Row {row} of list {_name(connection, list_id)!r} was altered.")
    if damaged:
        yield Finding(
            False, f"{damaged:,} rows were altered or damaged. Restore the workspace from a backup."
        )
    else:
        yield Finding(True, f"All {counted.total():,} listed values open, and their look-up tags are right.")
    kept = Counter({(id_, type_): n for id_, type_, n in connection.execute("SELECT * FROM tally")})
    if kept == counted:
        yield Finding(True, "All counts are right.")
    else:
        yield Finding(False, "The counts of entries are wrong. Restore the workspace from a backup.")


def _name(connection: sqlite3.Connection, list_id: int) -> str:
    row = connection.execute("SELECT name FROM hash_list WHERE id = ?", (list_id,)).fetchone()
    return str(row[0]) if row else f"number {list_id}"
