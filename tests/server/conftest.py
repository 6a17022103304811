"""Django for the server's tests: a workspace made on the spot, SQLite or a real PostgreSQL.

``SAFELIGHT_TEST_DATABASE=postgres`` runs the same tests on PostgreSQL. Use ``db`` where a rollback is enough,
``committing_db`` where threads or processes must see each other's commits (``transactional_db`` would flush,
which the ledger's guards refuse).
"""

from __future__ import annotations

import atexit
import fcntl
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import django
import pytest
from django.conf import settings
from django.contrib.auth.hashers import Argon2PasswordHasher

ON_POSTGRES = os.environ.get("SAFELIGHT_TEST_DATABASE") == "postgres"


def _start_postgres() -> Callable[[], None]:
    """A PostgreSQL for this test process alone; the settings read its URL. Returns how to stop it."""
    from postgres_process import started

    # Short: a Unix socket's path may have 107 bytes.
    directory = Path(tempfile.mkdtemp(prefix="sl-pg-"))
    server = started(directory)
    os.environ["SAFELIGHT_DATABASE_URL"] = server.get_uri("postgres")
    return server.cleanup


def _set_up_django() -> Iterator[None]:
    """Configure Django, and leave no trace in the environment of other tests."""
    stop = _start_postgres() if ON_POSTGRES else None
    os.environ["DJANGO_SETTINGS_MODULE"] = "server_settings"
    try:
        from server_settings import DIRECTORY

        django.setup()
    finally:
        del os.environ["DJANGO_SETTINGS_MODULE"]
        os.environ.pop("SAFELIGHT_DATABASE_URL", None)
    DIRECTORY.mkdir(mode=0o700)
    yield
    if stop is not None:
        stop()
    shutil.rmtree(DIRECTORY)


_django = _set_up_django()

# Argon2 as in production, but cheap: these tests make hundreds of people.
Argon2PasswordHasher.time_cost, Argon2PasswordHasher.memory_cost = 1, 64


def pytest_configure(config: pytest.Config) -> None:
    """Before any test module is imported; not in the process that only hands tests out to others."""
    hands_out = getattr(config.option, "numprocesses", None) and not hasattr(config, "workerinput")
    if not hands_out:
        next(_django)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On PostgreSQL, leave out what asks for no database of ours: it would be the same test once more."""
    if not ON_POSTGRES:
        return
    here = Path(__file__).parent
    same = [item for item in items if here in item.path.parents and not _asks_for_a_database(item)]
    config.hook.pytest_deselected(items=same)
    left_out = set(same)
    items[:] = [item for item in items if item not in left_out]


def _asks_for_a_database(item: pytest.Item) -> bool:
    fixtures = set(getattr(item, "fixturenames", ()))
    asks = not fixtures.isdisjoint({"db", "committing_db", "django_db_setup"})
    return asks or item.get_closest_marker("django_db") is not None


@pytest.fixture(scope="session", autouse=True)
def _django_until_the_end() -> Iterator[None]:
    yield
    next(_django, None)


@pytest.fixture(scope="session", autouse=True)
def _static_files_are_looked_for_once() -> Iterator[None]:
    """Each of thousands of ``Client()`` has a middleware of its own, which would look through all apps."""
    from whitenoise.middleware import WhiteNoiseMiddleware

    look, found = WhiteNoiseMiddleware.add_files_from_finders, {}

    def once(middleware: WhiteNoiseMiddleware) -> None:
        if not found:
            look(middleware)
            found.update(middleware.files)
        middleware.files.update(found)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(WhiteNoiseMiddleware, "add_files_from_finders", once)
        yield


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment: None, django_db_modify_db_settings: None, django_db_blocker: Any
) -> Iterator[None]:
    """pytest-django's own makes the database only where a test asks for it in a way that it knows."""
    from django.test.utils import teardown_databases

    with django_db_blocker.unblock():
        made = _set_up_databases()
    yield
    with django_db_blocker.unblock():
        teardown_databases(made, verbosity=0)


def _set_up_databases() -> Any:
    """On SQLite one worker of a run migrates, and the others copy what it has made."""
    from django.db import connections
    from django.test.utils import setup_databases

    run = os.environ.get("PYTEST_XDIST_TESTRUNUID")
    if ON_POSTGRES or run is None:
        return setup_databases(verbosity=0, interactive=False, serialized_aliases=())
    told = connections["default"].settings_dict["TEST"]
    migrated = Path("/tmp", f"sl-migrated-{run}.sqlite3")
    with migrated.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if migrated.exists():
            shutil.copy(migrated, told["NAME"])
            told["MIGRATE"] = False
            return setup_databases(verbosity=0, interactive=False, keepdb=True, serialized_aliases=())
        made = setup_databases(verbosity=0, interactive=False, serialized_aliases=())
        _copied(told["NAME"], migrated)
        atexit.register(_remove, migrated)
        return made


def _remove(migrated: Path) -> None:
    migrated.unlink(missing_ok=True)
    migrated.with_suffix(".lock").unlink(missing_ok=True)


def _copied(database: str, copy: Path) -> None:
    with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)


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
            _copied(migrated, Path(copy))
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


@pytest.fixture
def workspace_setting(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Change what the operator's configuration says, for one test."""

    def change(**values: Any) -> None:
        monkeypatch.setattr(settings, "CONFIG", settings.CONFIG.model_copy(update=values))

    return change


@pytest.fixture
def person_with() -> Callable[..., Any]:
    """Make someone who holds these roles, granted by two others as the database demands."""
    from safelight.server.ids import new_id, now
    from safelight.server.people.models import Person, Proposal, RoleGrant

    def person_with_roles(*roles: Any) -> Person:
        person = Person.objects.create_user(f"{new_id()}@example.org", "correct horse battery")
        for role in roles:
            first, second = (Person.objects.create_user(f"{new_id()}@example.org") for _ in range(2))
            proposal = Proposal.objects.create(
                kind=Proposal.Kind.ROLE_GRANT, subject=person.pk, detail={"role": role}, reason="for a test",
                state=Proposal.State.APPROVED, proposed_by=first, decided_by=second, decided_at=now(),
                expires_at=now(), carried_out_at=now(),
            )  # fmt: skip
            RoleGrant.objects.create(person=person, role=role, proposal=proposal)
        return person

    return person_with_roles


@pytest.fixture
def actor_with(person_with: Callable[..., Any]) -> Callable[..., Any]:
    """The same person, signed in: with a second factor unless told otherwise."""
    from safelight.server.people.actors import PersonActor

    def actor_with_roles(*roles: Any, second_factor: bool = True) -> PersonActor:
        return PersonActor(person_with(*roles), "a session", second_factor)

    return actor_with_roles
