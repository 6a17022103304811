"""Installs the database's guards over finished cases and reports; checks at each start that they stand."""

from __future__ import annotations

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from safelight.server.cases.errors import GuardsMissing
from safelight.server.cases.guard_rules import (
    RULES,
    postgresql_functions,
    postgresql_triggers,
    sqlite_triggers,
)


def install_guards() -> None:
    """Install the triggers anew; rebuilding a table in SQLite loses them without a word.

    While a new database is made, the tables of later apps are not there yet; theirs come at the end.
    """
    there = connection.introspection.table_names()
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            for name, body in postgresql_functions().items():
                cursor.execute(
                    f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $${body}$$"
                )
            for (table, name), statement in postgresql_triggers(there).items():
                cursor.execute(statement)
                # Always: session_replication_role turns ordinary triggers off.
                cursor.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}")
        else:
            for name, statement in sqlite_triggers(there).items():
                cursor.execute(f'DROP TRIGGER IF EXISTS "{name}"')
                cursor.execute(statement)


def take_guards_down() -> None:
    """Before migrations: SQLite rebuilds no table that another table's trigger reads.

    They are put back when the migrations are done, or at the next start.
    """
    if connection.vendor == "postgresql":
        return
    with connection.cursor() as cursor:
        for name in sqlite_triggers():
            cursor.execute(f'DROP TRIGGER IF EXISTS "{name}"')


def put_guards_back() -> list[str]:
    """Install what is missing or altered, and name it: before a migration, which puts everything back unsaid.

    A database that has not been migrated yet has nothing to guard.
    """
    if not set(RULES) <= set(connection.introspection.table_names()):
        return []
    if missing := missing_guards():
        install_guards()
    return missing


def missing_guards() -> list[str]:
    """The names of guards that are absent, altered or switched off."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            return _missing_on_postgresql(cursor)
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        there = dict(cursor.fetchall())
    return sorted(name for name, statement in sqlite_triggers().items() if there.get(name) != statement)


def require_guards() -> None:
    """Raise :class:`GuardsMissing` unless every guard stands. Every process calls it when it starts."""
    if missing := missing_guards():
        raise GuardsMissing(
            f"The database does not guard finished cases and reports: {', '.join(missing)} missing or "
            "altered. Find out who changed it; then start `safelight serve` again with the migrations, which "
            "installs them."
        )


def _missing_on_postgresql(cursor: CursorWrapper) -> list[str]:
    cursor.execute("SELECT proname, prosrc FROM pg_proc WHERE proname LIKE 'safelight%%'")
    functions = dict(cursor.fetchall())
    cursor.execute(
        "SELECT c.relname, t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid "
        "WHERE t.tgenabled = 'A' AND NOT t.tgisinternal"
    )
    triggers = set(cursor.fetchall())
    altered = {name for name, body in postgresql_functions().items() if functions.get(name) != body}
    return sorted(altered | {name for table, name in postgresql_triggers() if (table, name) not in triggers})
