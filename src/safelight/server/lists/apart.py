"""A database connection of its own, to read one state while the thread's own does other work."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper


@contextmanager
def one_state() -> Iterator[BaseDatabaseWrapper]:
    """A connection that sees one consistent state for as long as it is open."""
    apart = connections.create_connection(connection.alias)
    try:
        with apart.cursor() as cursor:
            if apart.vendor == "postgresql":
                cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            else:
                cursor.execute("BEGIN DEFERRED")
        yield apart
    finally:
        apart.close()
