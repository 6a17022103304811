"""A connection to the test's database as an intruder has it: past Django, and past the guards if need be."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from django.db import connection

from safelight.server.ledger.guards import TABLES


class RawDatabase:
    """Statements with ``?`` for parameters, each committed at once."""

    def __init__(self) -> None:
        if connection.vendor == "postgresql":
            parameters = connection.get_connection_params()
            wanted = {
                name: parameters[name] for name in ("dbname", "user", "host", "port") if name in parameters
            }
            self._raw: Any = psycopg.connect(autocommit=True, **wanted)
        else:
            self._raw = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)

    def run(self, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
        """What it selected, if anything."""
        if connection.vendor == "postgresql":
            statement = statement.replace("?", "%s")
        cursor = self._raw.execute(statement, parameters)
        return [] if cursor.description is None else list(cursor.fetchall())

    def unguard(self) -> None:
        """Drop every guard of the ledger, and heed no foreign key."""
        for table in TABLES:
            for trigger in self.triggers(table.name):
                on = f" ON {table.name}" if connection.vendor == "postgresql" else ""
                self.run(f"DROP TRIGGER {trigger}{on}")
        if connection.vendor == "postgresql":
            self.run("SET session_replication_role = replica")

    def triggers(self, table: str) -> list[str]:
        """The names of a table's guards."""
        if connection.vendor == "postgresql":
            found = self.run(
                "SELECT tgname FROM pg_trigger WHERE tgrelid = to_regclass(?) AND NOT tgisinternal", table
            )
        else:
            found = self.run("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?", table)
        return [name for (name,) in found]

    def close(self) -> None:
        self._raw.close()


@contextmanager
def raw_database() -> Iterator[RawDatabase]:
    """Open for a while."""
    raw = RawDatabase()
    try:
        yield raw
    finally:
        raw.close()
