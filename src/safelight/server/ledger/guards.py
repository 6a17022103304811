"""Which of the ledger's tables the database guards, whether it does, and putting the guards back."""

from __future__ import annotations

import logging
from typing import Final

from django.db import connection, transaction

from safelight.ledger.guard_check import check_guards
from safelight.ledger.guards import Dialect, Erasure, GuardedTable, install_statements
from safelight.server.ledger.services import Event, record
from safelight.server.people.actors import SystemActor

_log = logging.getLogger(__name__)

TABLES: Final = (
    GuardedTable("ledger_ledgerrow", unique=(("id",),)),
    GuardedTable(
        "ledger_ledgerpayload",
        unique=(("row_id",),),
        erasure=Erasure(columns=("body", "salt"), record="erased_by_id", kept=("row_id",)),
    ),
    GuardedTable("ledger_ledgerleaf", unique=(("index",), ("row_id",))),
    GuardedTable("ledger_ledgerhead", unique=(("size",),)),
)


def dialect() -> Dialect:
    """The database that the server runs on."""
    return Dialect(connection.vendor)


def install_guards() -> None:
    """Install the guards anew on the tables that are there; rebuilding one in SQLite loses them."""
    with transaction.atomic(), connection.cursor() as cursor:
        there = set(connection.introspection.table_names(cursor))
        for table in TABLES:
            if table.name in there:
                for statement in install_statements(dialect(), table):
                    cursor.execute(statement)


def guard_problems() -> tuple[str, ...]:
    """What is wrong with the guards, read from the catalogue and tried. Nothing, before any migration."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            there = set(connection.introspection.table_names(cursor))
        reports = [
            check_guards(connection.connection, dialect(), table) for table in TABLES if table.name in there
        ]
    for untried in (text for report in reports for text in report.untried):
        _log.warning("%s", untried)
    return tuple(problem for report in reports for problem in report.problems)


def ensure_guards() -> tuple[str, ...]:
    """Check the guards, at each start and before migrating, which would put missing ones back unnoticed.

    Missing ones are installed, and the ledger says so for good. Returns what was found; show it to the
    operator, who should run ``safelight ledger verify``.
    """
    problems = guard_problems()
    if problems:
        with transaction.atomic():
            install_guards()
            record(Event.GUARDS_REINSTALLED, SystemActor("supervisor"), payload={"found": list(problems)})
    return problems
