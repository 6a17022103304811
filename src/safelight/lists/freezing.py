"""Freezes an embedded store for good: a server takes its lists over, and nothing is added behind its back.

The database itself refuses, so that a command which opened the store before is refused as well.
"""

from __future__ import annotations

import sqlite3
from typing import Final

FROZEN: Final = "these lists are kept by the server now"
"""What the database says to whoever writes; :mod:`safelight.lists.database` explains it."""

_GUARDED: Final = {
    "state": ("UPDATE",),
    "root_key": ("INSERT", "UPDATE", "DELETE"),
    "hash_list": ("INSERT", "UPDATE", "DELETE"),
    "entry": ("INSERT", "UPDATE", "DELETE"),
}


def freeze(connection: sqlite3.Connection) -> None:
    """Refuse every change from now on, within the caller's transaction; again does no harm."""
    for table, acts in _GUARDED.items():
        for act in acts:
            connection.execute(
                f"CREATE TRIGGER IF NOT EXISTS frozen_{table}_{act.lower()} BEFORE {act} ON {table}"
                f" BEGIN SELECT RAISE(ABORT, '{FROZEN}'); END"
            )
