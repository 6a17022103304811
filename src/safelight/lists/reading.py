"""Reads lists, rows and changes within one transaction, so that what is read together belongs together."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from heapq import merge
from itertools import islice
from typing import Final

from safelight.lists.checks import no_such_list, pack_query
from safelight.lists.row_secrets import RowKeys
from safelight.lists.store import Change, ChangeKind, HashListInfo, StoredEntry
from safelight.types import ListClass, Signal

_LISTS: Final = (
    "SELECT name, class, distance, shadow, enabled, source, query_percent, listed_percent,"
    " coalesce((SELECT sum(entries) FROM tally WHERE list = hash_list.id), 0) FROM hash_list"
)
_STORED: Final = (
    "SELECT entry.row, hash_list.name, entry.key, entry.signal_type, entry.classification, entry.flags"
    " FROM entry JOIN hash_list ON hash_list.id = entry.list WHERE hash_list.enabled AND "
)
_BY_VALUE: Final = _STORED + "entry.tag = ? AND entry.signal_type = ?"
_BY_ROW: Final = _STORED + "entry.row IN (SELECT value FROM json_each(?))"  # noqa: S608 - constants


def all_lists(connection: sqlite3.Connection) -> tuple[HashListInfo, ...]:
    """Every list, by name."""
    return tuple(_info(row) for row in connection.execute(_LISTS + " ORDER BY name"))


def one_list(connection: sqlite3.Connection, name: str) -> HashListInfo:
    """One list. Raises :class:`~safelight.errors.NoSuchList`."""
    row = connection.execute(_LISTS + " WHERE name = ?", (name,)).fetchone()
    if row is None:
        raise no_such_list(name, (info.name for info in all_lists(connection)))
    return _info(row)


def list_id(connection: sqlite3.Connection, name: str) -> int:
    """A list's number in this database. Raises :class:`~safelight.errors.NoSuchList`."""
    one_list(connection, name)
    (id_,) = connection.execute("SELECT id FROM hash_list WHERE name = ?", (name,)).fetchone()
    return int(id_)


def tally(connection: sqlite3.Connection, name: str) -> dict[str, int]:
    """Live entries by signal type."""
    of_list = "SELECT signal_type, entries FROM tally WHERE list = ? AND entries > 0 ORDER BY signal_type"
    return dict(connection.execute(of_list, (list_id(connection, name),)).fetchall())


def find(connection: sqlite3.Connection, keys: RowKeys, signal: Signal) -> tuple[StoredEntry, ...]:
    """The live rows of enabled lists that have a signal's very value."""
    tags = keys.tags(signal.type, pack_query(signal))
    rows = [row for tag in tags for row in connection.execute(_BY_VALUE, (tag, signal.type))]
    return tuple(_stored(row) for row in sorted(rows, key=lambda row: int(row[0])))


def resolve(connection: sqlite3.Connection, rows: Iterable[int]) -> dict[int, StoredEntry]:
    """The live rows of enabled lists among these numbers."""
    numbers = json.dumps(list(rows))
    found = connection.execute(_BY_ROW, (numbers,))
    return {row[0]: _stored(row) for row in found}


def changes(connection: sqlite3.Connection, keys: RowKeys, after: int, limit: int) -> list[Change]:
    """Additions and withdrawals in one order; a row's number is the sequence number of its addition."""
    added = (
        Change(row, ChangeKind.ADD, row, type_, keys.text(row, type_, sealed))
        for row, type_, sealed in connection.execute(
            "SELECT row, signal_type, sealed FROM entry WHERE row > ? ORDER BY row LIMIT ?", (after, limit)
        )
    )
    withdrawn = (
        Change(sequence, ChangeKind.WITHDRAW, row, type_)
        for sequence, row, type_ in connection.execute(
            "SELECT sequence, row, signal_type FROM withdrawal WHERE sequence > ? ORDER BY sequence LIMIT ?",
            (after, limit),
        )
    )
    return list(islice(merge(added, withdrawn, key=lambda change: change.sequence), limit))


def live(connection: sqlite3.Connection, keys: RowKeys, signal_type: str) -> Iterator[tuple[int, str]]:
    """Every row of a type and its value, in the order in which rows were added."""
    for row, sealed in connection.execute(
        "SELECT row, sealed FROM entry WHERE signal_type = ? ORDER BY row", (signal_type,)
    ):
        yield row, keys.text(row, signal_type, sealed)


def _info(row: tuple[str, str, int, int, int, str, int, int, int]) -> HashListInfo:
    name, class_, distance, shadow, enabled, source, query, listed, entries = row
    return HashListInfo(
        name,
        ListClass(class_),
        distance,
        bool(shadow),
        bool(enabled),
        source,
        entries,
        query_percent=query,
        listed_percent=listed,
    )


def _stored(row: tuple[int, str, str, str, str | None, str]) -> StoredEntry:
    number, list_, key, type_, classification, flags = row
    return StoredEntry(number, list_, key, type_, classification, frozenset(flags.split()))
