"""Both databases refuse to change, delete, replace or empty ledger rows, and the check knows if they do."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import psycopg
import pytest

from safelight.errors import UsageError
from safelight.ledger.guard_check import check_guards
from safelight.ledger.guards import (
    REFUSAL,
    Dialect,
    Erasure,
    GuardedTable,
    install_statements,
    postgresql_trigger,
)

TABLE = GuardedTable("ledger_row", unique=(("id",), ("place", "kind")))
CREATE = (
    "CREATE TABLE ledger_row (id text PRIMARY KEY, place bigint, kind text, what text, UNIQUE (place, kind))"
)
INSERT = "INSERT INTO ledger_row VALUES ('a', 1, 'k', 'first')"


@pytest.fixture
def sqlite() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.execute(CREATE)
    yield connection
    connection.close()


@pytest.fixture
def guarded(sqlite: sqlite3.Connection) -> sqlite3.Connection:
    for statement in install_statements(Dialect.SQLITE, TABLE):
        sqlite.execute(statement)
    sqlite.execute(INSERT)
    return sqlite


FORBIDDEN_ON_BOTH = [
    "UPDATE ledger_row SET what = 'other'",
    "DELETE FROM ledger_row",
    "DELETE FROM ledger_row WHERE id = 'a'",
    "INSERT INTO ledger_row VALUES ('a', 9, 'k', 'other') ON CONFLICT (id) DO UPDATE SET what = 'other'",
]


@pytest.mark.parametrize("recursive_triggers", ["ON", "OFF"])
@pytest.mark.parametrize(
    "statement",
    [
        *FORBIDDEN_ON_BOTH,
        "UPDATE OR REPLACE ledger_row SET what = 'other'",
        "INSERT OR REPLACE INTO ledger_row VALUES ('a', 9, 'k', 'other')",
        "INSERT OR REPLACE INTO ledger_row VALUES ('b', 1, 'k', 'other')",
        "REPLACE INTO ledger_row VALUES ('a', 1, 'k', 'other')",
        "INSERT OR REPLACE INTO ledger_row (rowid, id, place, kind, what) VALUES (1, 'z', 9, 'k', 'other')",
        "INSERT OR IGNORE INTO ledger_row VALUES ('a', 9, 'k', 'other')",
    ],
)
def test_sqlite_refuses(guarded: sqlite3.Connection, statement: str, recursive_triggers: str) -> None:
    guarded.execute(f"PRAGMA recursive_triggers = {recursive_triggers}")
    with pytest.raises(sqlite3.IntegrityError, match=REFUSAL):
        guarded.execute(statement)
    assert guarded.execute("SELECT * FROM ledger_row").fetchall() == [("a", 1, "k", "first")]


def test_sqlite_without_the_insert_guard_would_replace(guarded: sqlite3.Connection) -> None:
    """The trap itself: the delete trigger does not run for a replaced row."""
    guarded.execute("DROP TRIGGER safelight_ledger_row_replace")
    guarded.execute("PRAGMA recursive_triggers = OFF")
    guarded.execute("INSERT OR REPLACE INTO ledger_row VALUES ('a', 9, 'k', 'other')")
    assert guarded.execute("SELECT what FROM ledger_row").fetchall() == [("other",)]


def test_sqlite_takes_new_rows(guarded: sqlite3.Connection) -> None:
    for number in range(2, 6):
        guarded.execute("INSERT INTO ledger_row VALUES (?, ?, 'k', 'more')", (f"id{number}", number))
    guarded.execute("INSERT INTO ledger_row VALUES ('n', 1, 'another kind', 'more')")
    assert guarded.execute("SELECT count(*) FROM ledger_row").fetchone() == (6,)


def test_sqlite_guards_are_found_and_tried(guarded: sqlite3.Connection) -> None:
    report = check_guards(guarded, Dialect.SQLITE, TABLE)
    assert report.is_guarded
    assert report.tried == ("change", "delete", "replace")
    assert not guarded.in_transaction


def test_sqlite_guards_on_an_empty_table_are_found_and_not_claimed_to_be_tried(
    sqlite: sqlite3.Connection,
) -> None:
    for statement in install_statements(Dialect.SQLITE, TABLE):
        sqlite.execute(statement)
    report = check_guards(sqlite, Dialect.SQLITE, TABLE)
    assert (report.is_guarded, report.tried) == (True, ())


@pytest.mark.parametrize("what", ["update", "delete", "replace"])
def test_a_dropped_or_altered_sqlite_guard_is_found(guarded: sqlite3.Connection, what: str) -> None:
    guarded.execute(f"DROP TRIGGER safelight_ledger_row_{what}")
    report = check_guards(guarded, Dialect.SQLITE, TABLE)
    assert any(f"safelight_ledger_row_{what} is missing" in problem for problem in report.problems)
    assert any("did not refuse" in problem for problem in report.problems)
    event = "INSERT" if what == "replace" else what.upper()
    guarded.execute(
        f"CREATE TRIGGER safelight_ledger_row_{what} BEFORE {event} ON ledger_row BEGIN SELECT 1; END"
    )
    report = check_guards(guarded, Dialect.SQLITE, TABLE)
    assert any("not the one that was installed" in problem for problem in report.problems)
    assert guarded.execute("SELECT * FROM ledger_row").fetchall() == [("a", 1, "k", "first")]


def test_a_table_that_was_rebuilt_has_lost_its_guards_and_gets_them_back(guarded: sqlite3.Connection) -> None:
    """What Django's alter_field does on SQLite."""
    guarded.execute(CREATE.replace("ledger_row", "new_row"))
    guarded.execute("INSERT INTO new_row SELECT * FROM ledger_row")
    guarded.execute("DROP TABLE ledger_row")
    guarded.execute("ALTER TABLE new_row RENAME TO ledger_row")
    assert len(check_guards(guarded, Dialect.SQLITE, TABLE).problems) == 6
    for _ in range(2):
        for statement in install_statements(Dialect.SQLITE, TABLE):
            guarded.execute(statement)
    assert check_guards(guarded, Dialect.SQLITE, TABLE).is_guarded


def test_a_dropped_table_cannot_pass_for_a_guarded_one(guarded: sqlite3.Connection) -> None:
    guarded.execute("DROP TABLE ledger_row")
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        check_guards(guarded, Dialect.SQLITE, TABLE)


@pytest.mark.parametrize("name", ["", "Row", 'a"b', "a; DROP TABLE b", "x" * 42])
def test_only_plain_names_are_guarded(name: str) -> None:
    with pytest.raises(UsageError):
        GuardedTable(name, (("id",),))
    with pytest.raises(UsageError):
        GuardedTable("t", ((name,),))
    with pytest.raises(UsageError):
        GuardedTable("t", ((),))


ANOTHER_FUNCTION = (
    "CREATE OR REPLACE FUNCTION safelight_ledger_refuse() RETURNS trigger LANGUAGE plpgsql "
    "AS $$BEGIN RETURN NULL; END$$"
)
ONLY_UPDATES = (
    f"CREATE OR REPLACE TRIGGER {postgresql_trigger(TABLE)} BEFORE UPDATE ON ledger_row "
    "FOR EACH STATEMENT EXECUTE FUNCTION safelight_ledger_refuse()"
)
postgresql = pytest.mark.xdist_group("postgresql")


@pytest.fixture
def connection(postgresql_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(postgresql_url) as connection:
        connection.execute("DROP TABLE IF EXISTS ledger_row CASCADE")
        connection.execute(CREATE)
        for _ in range(2):
            for statement in install_statements(Dialect.POSTGRESQL, TABLE):
                connection.execute(statement)
        connection.execute(INSERT)
        connection.commit()
        yield connection
        connection.rollback()


@pytest.mark.parametrize(
    "statement",
    [
        *FORBIDDEN_ON_BOTH,
        "TRUNCATE ledger_row",
        "TRUNCATE ledger_row CASCADE",
        "UPDATE ledger_row SET what = 'x' WHERE false",
        "MERGE INTO ledger_row l USING (SELECT 1) s ON true WHEN MATCHED THEN DELETE",
        "SET LOCAL session_replication_role = replica; DELETE FROM ledger_row",
    ],
)
def test_postgresql_refuses(connection: psycopg.Connection, statement: str) -> None:
    with pytest.raises(psycopg.errors.IntegrityConstraintViolation, match=REFUSAL):
        connection.execute(statement)
    connection.rollback()
    assert connection.execute("SELECT * FROM ledger_row").fetchall() == [("a", 1, "k", "first")]


def test_postgresql_guards_are_found_and_tried_even_on_an_empty_table(connection: psycopg.Connection) -> None:
    report = check_guards(connection, Dialect.POSTGRESQL, TABLE)
    assert report.problems == ()
    assert report.tried == ("change", "delete", "empty")
    assert connection.execute("SHOW lock_timeout").fetchone() == ("0",)
    connection.execute("INSERT INTO ledger_row VALUES ('b', 2, 'k', 'more')")


@pytest.mark.parametrize(
    "weakening",
    [
        f"DROP TRIGGER {postgresql_trigger(TABLE)} ON ledger_row",
        f"ALTER TABLE ledger_row DISABLE TRIGGER {postgresql_trigger(TABLE)}",
        "ALTER TABLE ledger_row DISABLE TRIGGER ALL",
        ANOTHER_FUNCTION,
        ONLY_UPDATES,
    ],
)
def test_a_weakened_postgresql_guard_is_found_by_catalogue_and_by_trying(
    connection: psycopg.Connection, weakening: str
) -> None:
    connection.execute(weakening)
    problems = check_guards(connection, Dialect.POSTGRESQL, TABLE).problems
    assert any("missing" in problem or "not the one" in problem for problem in problems)
    assert any("did not refuse" in problem for problem in problems)
    assert connection.execute("SELECT * FROM ledger_row").fetchall() == [("a", 1, "k", "first")]


def test_a_guard_that_replication_would_skip_is_found(connection: psycopg.Connection) -> None:
    connection.execute(f"ALTER TABLE ledger_row ENABLE TRIGGER {postgresql_trigger(TABLE)}")
    [problem] = check_guards(connection, Dialect.POSTGRESQL, TABLE).problems
    assert "not the one" in problem


def test_what_could_not_be_tried_is_not_claimed_and_is_no_missing_guard(
    connection: psycopg.Connection, postgresql_url: str
) -> None:
    """A backup holds its lock for hours, and servers are started meanwhile."""
    with psycopg.connect(postgresql_url) as backup:
        backup.execute("SELECT * FROM ledger_row")
        report = check_guards(connection, Dialect.POSTGRESQL, TABLE)
    assert (report.tried, report.problems) == (("change", "delete"), ())
    [untried] = report.untried
    assert "could not be tried" in untried
    assert "lock timeout" in untried


ERASABLE = GuardedTable("erasable", (("id",),), Erasure(columns=("body", "salt"), record="by", kept=("id",)))
CREATE_ERASABLE = 'CREATE TABLE erasable (id text PRIMARY KEY, body text, salt text, "by" text)'
INSERT_ERASABLE = "INSERT INTO erasable VALUES ('a', 'b', 's', NULL), ('c', 'd', 's', NULL)"
ERASE = "UPDATE erasable SET body = NULL, salt = NULL, \"by\" = 'record' WHERE id = 'a'"
NOT_ERASING = [
    "UPDATE erasable SET body = 'other'",
    "UPDATE erasable SET body = NULL, salt = NULL",
    "UPDATE erasable SET body = NULL, \"by\" = 'record'",
    "UPDATE erasable SET body = NULL, salt = NULL, \"by\" = 'record', id = 'z' WHERE id = 'a'",
    "UPDATE erasable SET \"by\" = 'record'",
    "DELETE FROM erasable",
    "INSERT INTO erasable VALUES ('a', NULL, NULL, 'r') ON CONFLICT (id) DO UPDATE SET body = 'x'",
]


@pytest.fixture
def sqlite_erasable(sqlite: sqlite3.Connection) -> sqlite3.Connection:
    sqlite.execute(CREATE_ERASABLE)
    for statement in install_statements(Dialect.SQLITE, ERASABLE):
        sqlite.execute(statement)
    sqlite.execute(INSERT_ERASABLE)
    return sqlite


@pytest.mark.parametrize(
    "statement",
    [
        *NOT_ERASING,
        "INSERT OR REPLACE INTO erasable VALUES ('a', NULL, NULL, 'r')",
        "UPDATE erasable SET rowid = 9, body = NULL, salt = NULL, \"by\" = 'record' WHERE id = 'a'",
    ],
)
def test_sqlite_allows_nothing_but_erasing(sqlite_erasable: sqlite3.Connection, statement: str) -> None:
    with pytest.raises(sqlite3.IntegrityError, match=REFUSAL):
        sqlite_erasable.execute(statement)


def test_sqlite_lets_a_row_be_erased_once(sqlite_erasable: sqlite3.Connection) -> None:
    sqlite_erasable.execute(ERASE)
    with pytest.raises(sqlite3.IntegrityError, match=REFUSAL):
        sqlite_erasable.execute(ERASE)
    rows = sqlite_erasable.execute("SELECT * FROM erasable").fetchall()
    assert rows == [("a", None, None, "record"), ("c", "d", "s", None)]
    report = check_guards(sqlite_erasable, Dialect.SQLITE, ERASABLE)
    assert (report.problems, report.tried) == ((), ("change", "delete", "replace"))


@pytest.fixture
def postgresql_erasable(connection: psycopg.Connection) -> psycopg.Connection:
    connection.execute("DROP TABLE IF EXISTS erasable")
    connection.execute(CREATE_ERASABLE)
    for _ in range(2):
        for statement in install_statements(Dialect.POSTGRESQL, ERASABLE):
            connection.execute(statement)
    assert check_guards(connection, Dialect.POSTGRESQL, ERASABLE).tried == ("delete", "empty")
    connection.execute(INSERT_ERASABLE)
    connection.commit()
    return connection


@postgresql
@pytest.mark.parametrize("statement", [*NOT_ERASING, "TRUNCATE erasable"])
def test_postgresql_allows_nothing_but_erasing(
    postgresql_erasable: psycopg.Connection, statement: str
) -> None:
    with pytest.raises(psycopg.errors.IntegrityConstraintViolation, match=REFUSAL):
        postgresql_erasable.execute(statement)


@postgresql
def test_postgresql_lets_a_row_be_erased_once(postgresql_erasable: psycopg.Connection) -> None:
    postgresql_erasable.execute(ERASE)
    report = check_guards(postgresql_erasable, Dialect.POSTGRESQL, ERASABLE)
    assert (report.problems, report.tried) == ((), ("change", "delete", "empty"))
    with pytest.raises(psycopg.errors.IntegrityConstraintViolation, match=REFUSAL):
        postgresql_erasable.execute(ERASE)


@postgresql
@pytest.mark.parametrize("trigger", ["safelight_erasable_guard", "safelight_erasable_erasure"])
def test_a_dropped_guard_of_an_erasable_table_is_found(
    postgresql_erasable: psycopg.Connection, trigger: str
) -> None:
    postgresql_erasable.execute(f"DROP TRIGGER {trigger} ON erasable")
    report = check_guards(postgresql_erasable, Dialect.POSTGRESQL, ERASABLE)
    assert any(f"{trigger} is missing" in problem for problem in report.problems)
    assert any("did not refuse" in problem for problem in report.problems)
