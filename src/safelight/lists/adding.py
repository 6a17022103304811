"""Adds a batch of entries within one transaction: what is new, what is known, what changed."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from safelight.lists.checks import no_such_list
from safelight.lists.row_secrets import RowKeys
from safelight.lists.store import Added
from safelight.types import ListEntry

_FIND = (
    "SELECT row, classification, flags FROM entry WHERE tag = ? AND signal_type = ? AND list = ? AND key = ?"
)
_INSERT = (
    "INSERT INTO entry (row, list, signal_type, tag, sealed, key, classification, flags)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)
_TALLY = (
    "INSERT INTO tally (list, signal_type, entries) VALUES (?, ?, ?)"
    " ON CONFLICT DO UPDATE SET entries = entries + excluded.entries"
)


class Offered(NamedTuple):
    """An entry with its packed value and the tags it may be found by, computed before any lock is taken."""

    entry: ListEntry
    raw: bytes
    tags: list[bytes]


class _NewRow(NamedTuple):
    row: int
    list_id: int
    signal_type: str
    tag: bytes
    sealed: bytes
    key: str
    classification: str | None
    flags: str


def flags_text(flags: frozenset[str]) -> str:
    """Flags as the database keeps them."""
    return " ".join(sorted(flags))


def add_batch(connection: sqlite3.Connection, keys: RowKeys, batch: Sequence[Offered]) -> Added:
    """Add, within the caller's transaction. Raises :class:`~safelight.errors.NoSuchList`."""
    list_ids = dict(connection.execute("SELECT name, id FROM hash_list"))
    (sequence,) = connection.execute("SELECT sequence FROM state").fetchone()
    fresh: dict[tuple[int, str, str, bytes], _NewRow] = {}
    known = updated = 0
    for entry, raw, tags in batch:
        list_id = list_ids.get(entry.list)
        if list_id is None:
            raise no_such_list(entry.list, list_ids)
        type_, flags = entry.signal.type, flags_text(entry.flags)
        identity = (list_id, entry.key, type_, tags[0])
        if (twin := fresh.get(identity)) is not None:
            same = (twin.classification, twin.flags) == (entry.classification, flags)
            fresh[identity] = twin._replace(classification=entry.classification, flags=flags)
        elif (found := _find(connection, tags, type_, list_id, entry.key)) is not None:
            row, *before = found
            same = before == [entry.classification, flags]
            if not same:
                connection.execute(
                    "UPDATE entry SET classification = ?, flags = ? WHERE row = ?",
                    (entry.classification, flags, row),
                )
        else:
            sequence += 1
            sealed = keys.seal(sequence, type_, raw)
            fresh[identity] = _NewRow(
                sequence, list_id, type_, tags[0], sealed, entry.key, entry.classification, flags
            )
            continue
        known += same
        updated += not same
    connection.executemany(_INSERT, fresh.values())
    tally = Counter((row.list_id, row.signal_type) for row in fresh.values())
    connection.executemany(_TALLY, [(*of, count) for of, count in tally.items()])
    connection.execute("UPDATE state SET sequence = ?", (sequence,))
    return Added(len(fresh), known, updated)


def _find(
    connection: sqlite3.Connection, tags: Sequence[bytes], type_: str, list_id: int, key: str
) -> tuple[int, str | None, str] | None:
    for tag in tags:
        found: tuple[int, str | None, str] | None = connection.execute(
            _FIND, (tag, type_, list_id, key)
        ).fetchone()
        if found is not None:
            return found
    return None
