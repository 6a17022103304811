"""Moves every row from a former root key to the current one, in batches that may stop anywhere.

The order makes each step safe to be killed after: first the database adopts the new key, with a new epoch,
and new rows use it; then rows are sealed and tagged anew, the place reached being kept in the same
transaction; last the former key is struck off, once no row needs it. Until then both keys find rows.
"""

from __future__ import annotations

import sqlite3

from safelight.ids import uuid7
from safelight.keys import sealed_with
from safelight.lists.row_secrets import RowKeys, key_use


def adopt(connection: sqlite3.Connection, id_: str) -> None:
    """Make a root key the one that seals; indexes have to be rebuilt, hence the new epoch."""
    if key_use(connection).current == id_:
        return
    connection.execute("UPDATE root_key SET current = 0")
    connection.execute("INSERT OR REPLACE INTO root_key (id, current) VALUES (?, 1)", (id_,))
    connection.execute("UPDATE state SET epoch = ?, resealed_to = 0", (uuid7(),))


def reseal_batch(connection: sqlite3.Connection, keys: RowKeys, limit: int) -> int:
    """Seal and tag at most ``limit`` more rows under the current key; returns how many were looked at."""
    rows = connection.execute(
        "SELECT row, signal_type, sealed FROM entry WHERE row > (SELECT resealed_to FROM state)"
        " ORDER BY row LIMIT ?",
        (limit,),
    ).fetchall()
    renewed = []
    for row, type_, sealed in rows:
        if sealed_with(sealed) != keys.use.current:
            raw = keys.open(row, type_, sealed)
            renewed.append((keys.tags(type_, raw)[0], keys.seal(row, type_, raw), row))
    connection.executemany("UPDATE entry SET tag = ?, sealed = ? WHERE row = ?", renewed)
    if rows:
        connection.execute("UPDATE state SET resealed_to = ?", (rows[-1][0],))
    return len(rows)


def strike_off_former(connection: sqlite3.Connection, keys: RowKeys) -> None:
    """Forget the former keys, after :func:`reseal_batch` has found nothing more to do."""
    (sealed,) = connection.execute("SELECT derivation FROM state").fetchone()
    secret = keys.seal_derivation(keys.open_derivation(sealed))
    connection.execute("UPDATE state SET derivation = ?", (secret,))
    connection.execute("DELETE FROM root_key WHERE NOT current")
