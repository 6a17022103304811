"""Triggers by which the database itself refuses to change, delete, replace or empty the ledger's tables.

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
_NAME: Final = re.compile(r"[a-z_][a-z0-9_]{0,40}", re.ASCII)


class Dialect(StrEnum):
    """The databases that the server runs on."""

    SQLITE = "sqlite"
    POSTGRESQL = "postgresql"


@dataclass(frozen=True, slots=True)
class GuardedTable:
    """An append-only table and its unique keys, each a tuple of columns.

    Every unique constraint must be named, because SQLite can replace rows through each of them. In SQLite the
    table must have row numbers (no ``WITHOUT ROWID``).
    """

    name: str
    unique: tuple[tuple[str, ...], ...]

    def __post_init__(self) -> None:
        names = [self.name, *(column for key in self.unique for column in key)]
        if not all(_NAME.fullmatch(name) for name in names) or not all(self.unique):
            raise UsageError("A guarded table and its columns have plain lower-case names.")


def sqlite_triggers(table: GuardedTable) -> dict[str, str]:
    """Each trigger's name and the statement that creates it."""
    taken = " OR ".join(
        ["rowid = NEW.rowid"]
        + [" AND ".join(f'"{column}" = NEW."{column}"' for column in key) for key in table.unique]
    )
    if_taken = f'WHEN EXISTS (SELECT 1 FROM "{table.name}" WHERE {taken})'  # noqa: S608 - names are checked
    refuse = f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
    guards = {
        "update": f'BEFORE UPDATE ON "{table.name}" {refuse}',
        "delete": f'BEFORE DELETE ON "{table.name}" {refuse}',
        "replace": f'BEFORE INSERT ON "{table.name}" {if_taken} {refuse}',
    }
    return {
        f"safelight_{table.name}_{what}": f'CREATE TRIGGER "safelight_{table.name}_{what}" {text}'
        for what, text in guards.items()
    }


def postgresql_function() -> str:
    """The body of the trigger function."""
    return f"BEGIN RAISE EXCEPTION '{REFUSAL}' USING ERRCODE = 'integrity_constraint_violation'; END"


def postgresql_trigger(table: GuardedTable) -> str:
    """The trigger's name."""
    return f"safelight_{table.name}_guard"


def install_statements(dialect: Dialect, table: GuardedTable) -> tuple[str, ...]:
    """What to run, in one transaction, to install or reinstall the guards; repeating it is harmless."""
    if dialect is Dialect.SQLITE:
        triggers = sqlite_triggers(table)
        drops = tuple(f'DROP TRIGGER IF EXISTS "{name}"' for name in triggers)
        return (*drops, *triggers.values())
    trigger, body = postgresql_trigger(table), postgresql_function()
    before = f"BEFORE UPDATE OR DELETE OR TRUNCATE ON {table.name} FOR EACH STATEMENT"
    return (
        f"CREATE OR REPLACE FUNCTION {FUNCTION}() RETURNS trigger LANGUAGE plpgsql AS $${body}$$",
        f"CREATE OR REPLACE TRIGGER {trigger} {before} EXECUTE FUNCTION {FUNCTION}()",
        f"ALTER TABLE {table.name} ENABLE ALWAYS TRIGGER {trigger}",
    )
