"""Waits for SQLite's write lock in steps of a millisecond: its own waiting sleeps up to a tenth of a second.

With several processes that write often, a writer that sleeps misses its turn again and again.
"""

from __future__ import annotations

import random
import time
from sqlite3 import SQLITE_BUSY
from typing import Any, Final

from django.db.backends.sqlite3 import base
from django.db.utils import OperationalError

_STEP_SECONDS: Final = 0.001


class DatabaseWrapper(base.DatabaseWrapper):
    """Begins a transaction as soon as the lock is free, within ``OPTIONS["timeout"]`` seconds."""

    def _start_transaction_under_autocommit(self) -> None:
        patience: float = self.settings_dict["OPTIONS"].get("timeout", 5.0)
        until = time.monotonic() + patience
        with self.cursor() as cursor:
            cursor.execute("PRAGMA busy_timeout = 0")
            try:
                while True:
                    try:
                        cursor.execute("BEGIN IMMEDIATE")
                    except OperationalError as error:
                        cause: Any = error.__cause__
                        if (cause.sqlite_errorcode & 0xFF) != SQLITE_BUSY or time.monotonic() > until:
                            raise
                    else:
                        return
                    time.sleep(_STEP_SECONDS * random.uniform(0.5, 1.5))  # noqa: S311 - spreads who asks when
            finally:
                cursor.execute(f"PRAGMA busy_timeout = {int(patience * 1000)}")
