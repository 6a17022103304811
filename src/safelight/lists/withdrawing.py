"""Withdraws rows within one transaction: the row goes, its tombstone and the count stay right."""

from __future__ import annotations

import sqlite3


def withdraw_rows(connection: sqlite3.Connection, list_id: int, rows: list[int]) -> int:
    """Delete these rows of a list and write down a numbered withdrawal for each; returns how many went."""
    connection.execute("CREATE TEMP TABLE IF NOT EXISTS going (row INTEGER PRIMARY KEY)")
    connection.execute("DELETE FROM temp.going")
    connection.executemany("INSERT INTO temp.going VALUES (?)", ((row,) for row in rows))
    connection.execute(
        "INSERT INTO withdrawal (sequence, row, signal_type)"
        " SELECT (SELECT sequence FROM state) + row_number() OVER (ORDER BY row), row, signal_type"
        " FROM entry WHERE row IN temp.going"
    )
    connection.execute("UPDATE state SET sequence = sequence + ?", (len(rows),))
    connection.execute(
        "UPDATE tally SET entries = entries - (SELECT count(*) FROM entry"
        " WHERE row IN temp.going AND signal_type = tally.signal_type) WHERE list = ?",
        (list_id,),
    )
    connection.execute("DELETE FROM entry WHERE row IN temp.going")
    return len(rows)


def rows_of_keys(connection: sqlite3.Connection, list_id: int, keys: list[str]) -> list[int]:
    """The rows of a list that have one of these keys."""
    return [
        row
        for key in dict.fromkeys(keys)
        for (row,) in connection.execute("SELECT row FROM entry WHERE list = ? AND key = ?", (list_id, key))
    ]
