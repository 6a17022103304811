"""Triggers by which the database itself refuses to change, delete or replace the mark of a demo workspace."""

from __future__ import annotations

from typing import Final

from django.db import connection

_TABLE: Final = "people_workspacemark"
REFUSAL: Final = "safelight: whether a workspace is a demo is never changed"
_SQLITE_ACTS: Final = (
    "BEFORE UPDATE ON {table}",
    "BEFORE DELETE ON {table}",
    # REPLACE deletes without a delete trigger unless the connection has recursive_triggers on.
    "BEFORE INSERT ON {table} WHEN EXISTS (SELECT 1 FROM {table})",
)


def install_guard() -> None:
    """Install the triggers anew, in the current transaction; rebuilding a table in SQLite loses them."""
    with connection.cursor() as cursor:
        for statement in _postgresql() if connection.vendor == "postgresql" else _sqlite():
            cursor.execute(statement)


def _sqlite() -> list[str]:
    statements = []
    for number, act in enumerate(_SQLITE_ACTS):
        name = f"safelight_mark_{number}"
        refuse = f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
        statements.append(f"DROP TRIGGER IF EXISTS {name}")
        statements.append(f"CREATE TRIGGER {name} {act.format(table=_TABLE)} {refuse}")
    return statements


def _postgresql() -> list[str]:
    body = f"BEGIN RAISE EXCEPTION '{REFUSAL}' USING ERRCODE = 'integrity_constraint_violation'; END"
    before = f"BEFORE UPDATE OR DELETE OR TRUNCATE ON {_TABLE} FOR EACH STATEMENT"
    return [
        f"CREATE OR REPLACE FUNCTION safelight_mark_refuse() RETURNS trigger LANGUAGE plpgsql AS $${body}$$",
        f"CREATE OR REPLACE TRIGGER safelight_mark {before} EXECUTE FUNCTION safelight_mark_refuse()",
        f"ALTER TABLE {_TABLE} ENABLE ALWAYS TRIGGER safelight_mark",
    ]
