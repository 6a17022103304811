"""Triggers by which the database itself refuses to change, delete, replace or empty the ledger's tables.

A table may allow one change, an :class:`Erasure` that names its record.

They stop mistakes and ordinary code. Who owns the database can drop them, which the check at each start
shows, and what was changed meanwhile the tree shows. Three traps they are built around:

* SQLite runs no delete trigger for the row that ``INSERT OR REPLACE`` removes, unless the connection has
  ``recursive_triggers`` on; so a trigger before each insert refuses a taken key, whatever the connection
  says. A ``REPLACE`` by row number is refused likewise.
* PostgreSQL's ``TRUNCATE`` runs no delete trigger, so it has its own; and triggers are enabled ``ALWAYS``,
  because ``session_replication_role`` turns ordinary ones off.
* Rebuilding a table (Django's ``alter_field`` on SQLite) drops its triggers silently, so they are installed
  and checked at each start and after each migration.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from safelight.errors import UsageError

REFUSAL: Final = "safelight: ledger rows are never changed, deleted or replaced"
"""What every guard says; the check recognises it."""

FUNCTION: Final = "safelight_ledger_refuse"
_EACH_ROW, _BEFORE, _DELETE, _UPDATE, _TRUNCATE = 1, 2, 8, 16, 32
"""The bits of PostgreSQL's ``pg_trigger.tgtype``."""
_NAME: Final = re.compile(r"[a-z_][a-z0-9_]{0,40}", re.ASCII)


class Dialect(StrEnum):
    """The databases that the server runs on."""

    SQLITE = "sqlite"
    POSTGRESQL = "postgresql"


@dataclass(frozen=True, slots=True)
class Erasure:
    """The one change a guarded table may allow, once a row: columns become NULL, another names the record.

    ``record`` is a column, NULL until then, that refers to the append-only row which tells of the erasure;
    ``kept`` are all the others. Foreign keys make sure that there is such a row, verification that it is one.
    """

    columns: tuple[str, ...]
    record: str
    kept: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GuardedTable:
    """An append-only table and its unique keys, each a tuple of columns.

    Every unique constraint must be named, because SQLite can replace rows through each of them. In SQLite the
    table must have row numbers (no ``WITHOUT ROWID``).
    """

    name: str
    unique: tuple[tuple[str, ...], ...]
    erasure: Erasure | None = None

    def __post_init__(self) -> None:
        names = [self.name, *(column for key in self.unique for column in key)]
        if self.erasure is not None:
            names += [*self.erasure.columns, self.erasure.record, *self.erasure.kept]
        if not all(_NAME.fullmatch(name) for name in names) or not all(self.unique):
            raise UsageError("A guarded table and its columns have plain lower-case names.")


def sqlite_triggers(table: GuardedTable) -> dict[str, str]:
    """Each trigger's name and the statement that creates it."""
    taken = " OR ".join(
        ["rowid = NEW.rowid"]
        + [" AND ".join(f'"{column}" = NEW."{column}"' for column in key) for key in table.unique]
    )
    if_taken = f'WHEN EXISTS (SELECT 1 FROM "{table.name}" WHERE {taken})'  # noqa: S608 - names are checked
    unless_erasing = ""
    if table.erasure is not None:
        same_row = "NEW.rowid = OLD.rowid"
        unless_erasing = f"WHEN NOT ({_erases(table.erasure, 'IS')} AND {same_row}) "
    refuse = f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
    guards = {
        "update": f'BEFORE UPDATE ON "{table.name}" {unless_erasing}{refuse}',
        "delete": f'BEFORE DELETE ON "{table.name}" {refuse}',
        "replace": f'BEFORE INSERT ON "{table.name}" {if_taken} {refuse}',
    }
    return {
        f"safelight_{table.name}_{what}": f'CREATE TRIGGER "safelight_{table.name}_{what}" {text}'
        for what, text in guards.items()
    }


@dataclass(frozen=True, slots=True)
class PostgresqlTrigger:
    """A trigger, the function it runs, and the bits that ``pg_trigger.tgtype`` has for it."""

    name: str
    when: str
    kind: int
    function: str
    body: str


def postgresql_trigger(table: GuardedTable) -> str:
    """The name of the trigger that refuses whole statements."""
    return f"safelight_{table.name}_guard"


def postgresql_triggers(table: GuardedTable) -> tuple[PostgresqlTrigger, ...]:
    """The table's triggers: one for whole statements, and where erasing is allowed one for updated rows."""
    refuse = f"RAISE EXCEPTION '{REFUSAL}' USING ERRCODE = 'integrity_constraint_violation'; END"
    events, kind = ("DELETE OR TRUNCATE", _DELETE | _TRUNCATE)
    if table.erasure is None:
        events, kind = (f"UPDATE OR {events}", kind | _UPDATE)
    guard = PostgresqlTrigger(
        postgresql_trigger(table),
        f"BEFORE {events} ON {table.name} FOR EACH STATEMENT",
        _BEFORE | kind,
        FUNCTION,
        f"BEGIN {refuse}",
    )
    if table.erasure is None:
        return (guard,)
    erases = _erases(table.erasure, "IS NOT DISTINCT FROM")
    eraser = PostgresqlTrigger(
        f"safelight_{table.name}_erasure",
        f"BEFORE UPDATE ON {table.name} FOR EACH ROW",
        _BEFORE | _UPDATE | _EACH_ROW,
        f"safelight_{table.name}_refuse",
        f"BEGIN IF {erases} THEN RETURN NEW; END IF; {refuse}",
    )
    return (guard, eraser)


def _erases(erasure: Erasure, same: str) -> str:
    """The condition under which an update does nothing but erase; never NULL."""
    blank = [f'NEW."{column}" IS NULL' for column in erasure.columns]
    kept = [f'NEW."{column}" {same} OLD."{column}"' for column in erasure.kept]
    recorded = [f'OLD."{erasure.record}" IS NULL', f'NEW."{erasure.record}" IS NOT NULL']
    return " AND ".join([*blank, *recorded, *kept])


def install_statements(dialect: Dialect, table: GuardedTable) -> tuple[str, ...]:
    """What to run, in one transaction, to install or reinstall the guards; repeating it is harmless."""
    if dialect is Dialect.SQLITE:
        triggers = sqlite_triggers(table)
        drops = tuple(f'DROP TRIGGER IF EXISTS "{name}"' for name in triggers)
        return (*drops, *triggers.values())
    returns = "RETURNS trigger LANGUAGE plpgsql AS"
    return tuple(
        statement
        for trigger in postgresql_triggers(table)
        for statement in (
            f"CREATE OR REPLACE FUNCTION {trigger.function}() {returns} $${trigger.body}$$",
            f"CREATE OR REPLACE TRIGGER {trigger.name} {trigger.when} EXECUTE FUNCTION {trigger.function}()",
            f"ALTER TABLE {table.name} ENABLE ALWAYS TRIGGER {trigger.name}",
        )
    )
