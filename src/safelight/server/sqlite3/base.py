"""Waits for SQLite's write lock in steps of a millisecond at most: its own waiting sleeps up to a hundred.

With several processes that write often, a writer that sleeps misses its turn again and again. Most commits
take less than a millisecond, so the first steps are shorter.
"""

from __future__ import annotations

import random
import select
import time
from sqlite3 import SQLITE_BUSY, OperationalError
from typing import Any, Final

from django.db.backends.sqlite3 import base

_FIRST_STEP_SECONDS: Final = 0.0001
_LONGEST_STEP_SECONDS: Final = 0.001


def _pause(seconds: float) -> None:
    """Sleep for so long, and not until a time: that fails under a clock that a trial sets."""
    select.select([], [], [], seconds)


class DatabaseWrapper(base.DatabaseWrapper):
    """Begins a transaction as soon as the lock is free, within ``OPTIONS["timeout"]`` seconds."""

    def _start_transaction_under_autocommit(self) -> None:
        patience: float = self.settings_dict["OPTIONS"].get("timeout", 5.0)
        until = time.monotonic() + patience
        self.ensure_connection()
        # Straight to SQLite: every transaction passes here.
        connection: Any = self.connection
        with self.wrap_database_errors:
            connection.execute("PRAGMA busy_timeout = 0")
            try:
                step = _FIRST_STEP_SECONDS
                while not self._begun(connection, until):
                    _pause(step * random.uniform(0.5, 1.5))  # noqa: S311 - spreads who asks when
                    step = min(2 * step, _LONGEST_STEP_SECONDS)
            finally:
                connection.execute(f"PRAGMA busy_timeout = {int(patience * 1000)}")

    def _begun(self, connection: Any, until: float) -> bool:  # noqa: ANN401 - a connection of Django's own
        try:
            connection.execute("BEGIN IMMEDIATE")
        except OperationalError as error:
            if (error.sqlite_errorcode & 0xFF) != SQLITE_BUSY or time.monotonic() > until:
                raise
            return False
        return True
