"""A demo stays a demo, and nothing else becomes one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import DatabaseError, connection, transaction

from safelight.errors import UsageError
from safelight.server.people.models import Person, WorkspaceMark
from safelight.server.people.standing import is_demo, mark_workspace

pytestmark = pytest.mark.django_db


@contextmanager
def careless_connection() -> Iterator[None]:
    """A connection without the setting that makes REPLACE run delete triggers."""
    if connection.vendor == "sqlite":
        connection.cursor().execute("PRAGMA recursive_triggers=OFF")
    yield
    if connection.vendor == "sqlite":
        connection.cursor().execute("PRAGMA recursive_triggers=ON")


@pytest.mark.parametrize("demo", [True, False])
class TestMark:
    def test_it_is_kept_from_one_start_to_the_next(self, demo: bool) -> None:
        for _ in range(2):
            mark_workspace(demo=demo)
            assert is_demo() == demo

    def test_the_setting_cannot_change_it(self, demo: bool) -> None:
        mark_workspace(demo=demo)
        said = "made as a demo and stays one" if demo else "cannot become one"
        with pytest.raises(UsageError, match=f"(?s){said}.*Make a new workspace"):
            mark_workspace(demo=not demo)
        assert is_demo() == demo

    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE people_workspacemark SET demo = NOT demo",
            "DELETE FROM people_workspacemark",
            "INSERT INTO people_workspacemark (id, demo, made_at) VALUES (1, FALSE, '2026-01-01')",
            "INSERT INTO people_workspacemark (id, demo, made_at) VALUES (2, FALSE, '2026-01-01')",
            "INSERT OR REPLACE INTO people_workspacemark (id, demo, made_at) VALUES (1, 0, '2026-01-01')",
            "TRUNCATE people_workspacemark",
        ],
    )
    def test_the_database_refuses_to_change_it(
        self, statement: str, demo: bool, request: pytest.FixtureRequest
    ) -> None:
        only = {"INSERT OR": "sqlite", "TRUNCATE ": "postgresql"}.get(statement[:9])
        if only and only != connection.vendor:
            pytest.skip(f"{only} only")
        mark_workspace(demo=demo)
        with careless_connection(), pytest.raises(DatabaseError), transaction.atomic():
            connection.cursor().execute(statement)
        assert is_demo() == demo


def test_a_workspace_that_people_use_does_not_become_a_demo() -> None:
    Person.objects.create_user("first@example.org")
    with pytest.raises(UsageError):
        mark_workspace(demo=True)
    assert not WorkspaceMark.objects.exists()
