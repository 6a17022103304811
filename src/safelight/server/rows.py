"""Inserts rows by SQL that is made once a model, where building a query for each would cost more than it."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any, Final

from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.models import AutoField, Field, Model

_PARAMETERS: Final = 900
"""SQLite has taken 999 since its first versions."""


def insert_rows(rows: Sequence[Model]) -> None:
    """Insert unsaved rows of one model, as they are: no signals, no defaults of the database read back.

    Numbers that the database gives are left to it. Raises ``IntegrityError`` as saving would.
    """
    if not rows:
        return
    # Asked for once: each name that is looked up on the thread's stand-in for it costs as much as a value.
    database = connections[DEFAULT_DB_ALIAS]
    begin, places, fields = _statement(type(rows[0]), database.vendor)
    at_once = _PARAMETERS // len(fields)
    with database.cursor() as cursor:
        for first in range(0, len(rows), at_once):
            some = rows[first : first + at_once]
            # One statement: for each one more, the thread that holds SQLite's lock waits for the interpreter.
            values = [
                field.get_db_prep_save(getattr(row, field.attname), database)
                for row in some
                for field in fields
            ]
            cursor.execute(begin + ", ".join([places] * len(some)), values)


@functools.cache
def _statement(model: type[Model], _vendor: str) -> tuple[str, str, tuple[Field[Any, Any], ...]]:
    quote = connection.ops.quote_name
    fields = tuple(f for f in model._meta.concrete_fields if not isinstance(f, AutoField))  # noqa: SLF001 - Django's public API
    columns = ", ".join(quote(field.column or "") for field in fields)
    places = ", ".join(["%s"] * len(fields))
    return f"INSERT INTO {quote(model._meta.db_table)} ({columns}) VALUES ", f"({places})", fields  # noqa: S608, SLF001
