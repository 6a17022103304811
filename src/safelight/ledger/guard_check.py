"""Whether the guards of a ledger table are in place and do refuse: read from the catalogue, then tried."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from safelight.ledger.guards import (
    REFUSAL,
    Dialect,
    GuardedTable,
    postgresql_triggers,
    sqlite_triggers,
)

_SAVEPOINT: Final = "safelight_guard_check"


class Cursor(Protocol):
    """As much of a DB-API 2.0 cursor as the check needs."""

    def execute(self, operation: str, /) -> Any:  # noqa: ANN401 - drivers return different things
        """Run a statement."""
        ...

    def fetchall(self) -> Sequence[Any]:
        """The rows of the last statement."""
        ...

    def close(self) -> None:
        """Be done."""
        ...


class Connection(Protocol):
    """As much of a DB-API 2.0 connection as the check needs."""

    def cursor(self) -> Cursor:
        """A new cursor."""
        ...


@dataclass(frozen=True, slots=True)
class GuardReport:
    """What was found of one table's guards.

    ``tried`` are the kinds of statement that were attempted and refused. Triggers that fire for rows (all of
    SQLite's, and PostgreSQL's where erasing is allowed) cannot be tried on an empty table; what the catalogue
    says then has to do. ``untried`` says of which kinds something else stood in the way, such as a backup
    that holds PostgreSQL's lock on the table.
    """

    table: str
    tried: tuple[str, ...]
    problems: tuple[str, ...]
    untried: tuple[str, ...] = ()

    @property
    def is_guarded(self) -> bool:
        """Whether every guard is there as it should be, and nothing got past one."""
        return not self.problems


def check_guards(connection: Connection, dialect: Dialect, table: GuardedTable) -> GuardReport:
    """Read the catalogue, then attempt to change, delete, replace and empty, each in an undone savepoint.

    Call it inside a transaction (PostgreSQL has no savepoints outside one), at each start and after each
    migration. On PostgreSQL the attempt to empty waits at most two seconds for its lock.
    """
    cursor = connection.cursor()
    try:
        if dialect is Dialect.SQLITE:
            problems = _sqlite_catalogue(cursor, table)
            attempts = _sqlite_attempts(cursor, table)
        else:
            problems = _postgresql_catalogue(cursor, table)
            attempts = _postgresql_attempts(cursor, table)
        tried, untried = [], []
        for kind, statement in attempts.items():
            said = _attempt(cursor, dialect, statement)
            if said is None:
                problems.append(f"The database did not refuse to {kind} rows of {table.name}. {_REINSTALL}")
            elif REFUSAL not in said:
                untried.append(f"Whether {table.name} refuses to {kind} rows could not be tried: {said}")
            else:
                tried.append(kind)
        return GuardReport(table.name, tuple(tried), tuple(problems), tuple(untried))
    finally:
        cursor.close()


_REINSTALL: Final = "Stop writing, install the guards again, and run `safelight ledger verify`."


def _sqlite_catalogue(cursor: Cursor, table: GuardedTable) -> list[str]:
    cursor.execute(f"SELECT name, sql FROM sqlite_master WHERE tbl_name = '{table.name}'")  # noqa: S608
    found = dict(cursor.fetchall())
    problems = []
    for name, sql in sqlite_triggers(table).items():
        if name not in found:
            problems.append(f"The trigger {name} is missing. {_REINSTALL}")
        elif found[name] != sql:
            problems.append(f"The trigger {name} is not the one that was installed. {_REINSTALL}")
    return problems


def _sqlite_attempts(cursor: Cursor, table: GuardedTable) -> dict[str, str]:
    name = table.name
    cursor.execute(f'SELECT min(rowid) FROM "{name}"')  # noqa: S608 - the name is checked by GuardedTable
    [(row,)] = cursor.fetchall()
    if row is None:
        return {}
    return {
        "change": f'UPDATE "{name}" SET {_change(table)} WHERE rowid = {row}',  # noqa: S608
        "delete": f'DELETE FROM "{name}" WHERE rowid = {row}',  # noqa: S608
        "replace": f'INSERT OR REPLACE INTO "{name}" SELECT * FROM "{name}" WHERE rowid = {row}',  # noqa: S608
    }


def _change(table: GuardedTable) -> str:
    """A change that no table allows; of one that can be erased, the opposite of erasing."""
    if table.erasure is not None:
        return f"\"{table.erasure.columns[0]}\" = ''"
    column = table.unique[0][0]
    return f'"{column}" = "{column}"'


def _postgresql_catalogue(cursor: Cursor, table: GuardedTable) -> list[str]:
    problems = []
    for trigger in postgresql_triggers(table):
        cursor.execute(
            "SELECT t.tgenabled::text, t.tgtype, t.tgqual IS NULL, p.proname::text, p.prosrc"  # noqa: S608
            " FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid"
            f" WHERE t.tgrelid = to_regclass('{table.name}') AND t.tgname = '{trigger.name}'"
        )
        found = cursor.fetchall()
        if not found:
            problems.append(f"The trigger {trigger.name} is missing. {_REINSTALL}")
        elif tuple(found[0]) != ("A", trigger.kind, True, trigger.function, trigger.body):
            problems.append(
                f"The trigger {trigger.name} is disabled, or not the one that was installed. {_REINSTALL}"
            )
    return problems


def _postgresql_attempts(cursor: Cursor, table: GuardedTable) -> dict[str, str]:
    where = "false"
    if table.erasure is not None:
        cursor.execute(f"SELECT ctid::text FROM {table.name} LIMIT 1")  # noqa: S608
        found = cursor.fetchall()
        where = f"ctid = '{found[0][0]}'" if found else ""
    # With CASCADE, because a table that others refer to is else refused without asking its triggers.
    attempts = {
        "change": f"UPDATE {table.name} SET {_change(table)} WHERE {where}",  # noqa: S608
        "delete": f"DELETE FROM {table.name} WHERE false",  # noqa: S608
        "empty": f"TRUNCATE {table.name} CASCADE",
    }
    return attempts if where else {kind: text for kind, text in attempts.items() if kind != "change"}


def _attempt(cursor: Cursor, dialect: Dialect, statement: str) -> str | None:
    """What the database said against the statement, or None if it would have let it happen."""
    cursor.execute(f"SAVEPOINT {_SAVEPOINT}")
    try:
        if dialect is Dialect.POSTGRESQL:
            cursor.execute("SET LOCAL lock_timeout = '2s'")
        cursor.execute(statement)
    except Exception as error:  # noqa: BLE001 - each driver has its own tree, and any refusal counts
        return str(error)
    else:
        return None
    finally:
        cursor.execute(f"ROLLBACK TO SAVEPOINT {_SAVEPOINT}")
        cursor.execute(f"RELEASE SAVEPOINT {_SAVEPOINT}")
