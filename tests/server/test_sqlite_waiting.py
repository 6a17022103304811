"""A transaction waits for SQLite's one writer, begins as soon as it can, and gives up in the end."""

from __future__ import annotations

import sqlite3
import threading
import time
from contextlib import closing

import pytest
from django.conf import settings
from django.db import OperationalError, connection, transaction

pytestmark = [
    pytest.mark.usefixtures("committing_db"),
    pytest.mark.skipif(
        "postgresql" in settings.DATABASES["default"]["ENGINE"], reason="PostgreSQL has no one writer"
    ),
]


def test_it_waits_until_the_writer_is_done() -> None:
    with closing(
        sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None, check_same_thread=False)
    ) as other:
        other.execute("BEGIN IMMEDIATE")
        ending = threading.Timer(0.3, other.execute, ["ROLLBACK"])
        ending.start()
        began = time.monotonic()
        with transaction.atomic():
            assert time.monotonic() - began > 0.2
        ending.join()  # before the connection is closed under it


def test_it_gives_up_and_leaves_a_connection_that_works(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(connection.settings_dict["OPTIONS"], "timeout", 0.2)
    with closing(sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(OperationalError, match="locked"), transaction.atomic():
            pass
        other.execute("ROLLBACK")
    with transaction.atomic():
        pass
    assert connection.cursor().execute("PRAGMA busy_timeout").fetchone() == (200,)
