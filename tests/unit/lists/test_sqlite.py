"""What the embedded store promises beyond the protocol: sealed at rest, migrated, restored, shared."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from conformance import entries, entry, found, pdq

from safelight.errors import KeyMismatch, WorkspaceBusy, WorkspaceError, WorkspaceTooNew
from safelight.keys import KeyFile
from safelight.lists import HashListInfo, schema
from safelight.lists import database as database_module
from safelight.lists.sqlite import SqliteListStore
from safelight.types import ListClass, ListEntry, Signal


def _bytes_on_disk(path: Path) -> bytes:
    return b"".join(file.read_bytes() for file in path.parent.iterdir() if file.is_file())


def test_no_listed_value_is_on_the_disk_in_any_form(listed: SqliteListStore, database: Path) -> None:
    listed.add(entries(range(20)))
    content = _bytes_on_disk(database)
    for number in range(20):
        assert pdq(number).encode() not in content
        assert bytes.fromhex(pdq(number)) not in content
    assert b"key 7" in content


def test_a_withdrawn_row_leaves_nothing_behind(listed: SqliteListStore, database: Path) -> None:
    listed.add(entries(range(20)))
    with closing(sqlite3.connect(database)) as plain:
        (sealed,) = plain.execute("SELECT sealed FROM entry WHERE key = 'key 7'").fetchone()
    listed.withdraw("a", ["key 7"])
    listed.close()
    assert sealed not in database.read_bytes()


def test_the_files_are_private(listed: SqliteListStore, database: Path) -> None:
    listed.add(entries(range(3)))
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in database.parent.iterdir()}
    assert set(modes.values()) == {0o600}, modes


def test_what_was_added_is_there_after_opening_again(
    listed: SqliteListStore, database: Path, key_file: KeyFile
) -> None:
    listed.add(entries(range(5)))
    stamp = listed.stamp()
    derived = listed.derive_key([entry(1).signal])
    listed.close()
    with closing(SqliteListStore(database, key_file)) as again:
        assert found(again, 3) == [[("a", "key 3")]]
        assert again.stamp() == stamp
        assert again.derive_key([entry(1).signal]) == derived


def test_a_closed_store_says_so(listed: SqliteListStore) -> None:
    listed.close()
    with pytest.raises(WorkspaceError, match="closed"):
        listed.lists()


@pytest.mark.parametrize("column", ["sealed", "tag"])
def test_a_row_that_was_altered_is_not_used(listed: SqliteListStore, database: Path, column: str) -> None:
    listed.add(entries([1, 2]))
    with closing(sqlite3.connect(database, isolation_level=None)) as plain:
        plain.execute(f"UPDATE entry SET {column} = (SELECT {column} FROM entry WHERE row = 1) WHERE row = 2")
    if column == "sealed":
        with pytest.raises(KeyMismatch):
            list(listed.live("pdq"))
        with pytest.raises(KeyMismatch):
            listed.changes(0)
    else:
        assert found(listed, 2) == [[]]


# Formats


def test_a_newer_format_is_refused_and_left_alone(
    listed: SqliteListStore, database: Path, key_file: KeyFile
) -> None:
    listed.close()
    with closing(sqlite3.connect(database, isolation_level=None)) as plain:
        plain.execute("PRAGMA user_version = 99")
    before = database.read_bytes()
    with pytest.raises(WorkspaceTooNew, match=r"format 99.*Upgrade"):
        SqliteListStore(database, key_file)
    assert database.read_bytes() == before


def test_an_older_format_is_brought_up_step_by_step(
    listed: SqliteListStore, database: Path, key_file: KeyFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed.add(entries([1]))
    listed.close()
    steps = (
        *schema.MIGRATIONS,
        ("CREATE TABLE later (n INTEGER)", "INSERT INTO later VALUES (1)"),
        ("UPDATE later SET n = n + 1",),
    )
    monkeypatch.setattr(schema, "MIGRATIONS", steps)
    for _ in range(2):  # the second time there is nothing to do
        with closing(SqliteListStore(database, key_file)) as store:
            assert found(store, 1) == [[("a", "key 1")]]
    with closing(sqlite3.connect(database)) as plain:
        assert plain.execute("SELECT n FROM later").fetchall() == [(2,)]


def test_a_step_that_fails_changes_nothing(
    listed: SqliteListStore, database: Path, key_file: KeyFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed.close()
    steps = (*schema.MIGRATIONS, ("CREATE TABLE later (n INTEGER)", "INSERT INTO no_such_table VALUES (1)"))
    with monkeypatch.context() as patched:
        patched.setattr(schema, "MIGRATIONS", steps)
        with pytest.raises(sqlite3.OperationalError):
            SqliteListStore(database, key_file)
    with closing(SqliteListStore(database, key_file)) as store:
        assert [info.name for info in store.lists()] == ["a"]


@pytest.mark.parametrize("damage", ["text", "zeros", "cut"])
def test_a_damaged_database_is_an_error_that_says_what_to_do(
    listed: SqliteListStore, database: Path, key_file: KeyFile, damage: str
) -> None:
    listed.add(entries(range(500)))
    listed.close()
    content = database.read_bytes()
    database.write_bytes(
        {"text": b"not a database" * 500, "zeros": bytes(len(content)), "cut": content[:5000]}[damage]
    )
    with pytest.raises(WorkspaceError, match="backup"), closing(SqliteListStore(database, key_file)) as store:
        list(store.live("pdq"))


def test_a_missing_database_is_an_error_and_none_is_made(database: Path, key_file: KeyFile) -> None:
    database.unlink()
    with pytest.raises(WorkspaceError, match="cannot be opened"):
        SqliteListStore(database, key_file)
    assert not database.exists()


# Restoring a backup


def test_a_restored_backup_begins_a_new_epoch(
    listed: SqliteListStore, database: Path, key_file: KeyFile, tmp_path: Path
) -> None:
    listed.add(entries(range(3)))
    listed.close()
    shutil.copy(database, tmp_path / "backup")
    with closing(SqliteListStore(database, key_file)) as store:
        store.add(entries(range(3, 9)))
        ahead = store.stamp()
    shutil.copy(tmp_path / "backup", database)
    with closing(SqliteListStore(database, key_file)) as store:
        restored = store.stamp()
        assert restored.epoch != ahead.epoch
        store.add(entries(range(100, 120)))
        assert store.stamp().sequence > ahead.sequence
        assert store.stamp().epoch == restored.epoch


def test_a_backup_without_the_mark_begins_a_new_epoch(
    listed: SqliteListStore, database: Path, key_file: KeyFile
) -> None:
    listed.add(entries(range(3)))
    before = listed.stamp()
    listed.close()
    database.with_suffix(".mark").unlink()
    with closing(SqliteListStore(database, key_file)) as store:
        assert store.stamp().epoch != before.epoch
        assert store.stamp().sequence == before.sequence


def test_opening_again_and_again_keeps_the_epoch(
    listed: SqliteListStore, database: Path, key_file: KeyFile
) -> None:
    epochs = set()
    for number in range(3):
        listed.add(entries([number]))
        with closing(SqliteListStore(database, key_file)) as store:
            epochs.add(store.stamp().epoch)
    assert epochs == {listed.stamp().epoch}


# Sharing


def test_a_long_write_by_another_process_is_waited_for_and_then_named(
    listed: SqliteListStore, database: Path, key_file: KeyFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "BUSY_SECONDS", 0.1)
    with closing(SqliteListStore(database, key_file)) as impatient:
        with closing(sqlite3.connect(database, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(WorkspaceBusy, match="repeat"):
                impatient.add(entries([1]))
            assert found(impatient, 1) == [[]]  # reading goes on
        impatient.add(entries([1]))


def test_a_fork_uses_a_connection_of_its_own(listed: SqliteListStore) -> None:
    listed.add(entries([1]))
    child = os.fork()
    if child == 0:
        sound = False
        try:
            listed.add(entries([2]))
            sound = found(listed, 1, 2) == [[("a", "key 1")], [("a", "key 2")]]
        finally:
            os._exit(0 if sound else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert found(listed, 2) == [[("a", "key 2")]]


def test_a_store_in_memory_needs_no_cryptography() -> None:
    """Library users with a list file load neither the keys nor SQLite."""
    code = "import sys, json, safelight.lists; print(json.dumps([*sys.modules]))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True).stdout
    assert not {"cryptography", "sqlite3", "rich", "click"} & set(json.loads(out))


def test_many_entries_in_one_call_are_committed_in_batches(listed: SqliteListStore) -> None:
    def some() -> list[ListEntry]:
        for number in range(12_000):
            yield entry(number)
        raise RuntimeError("the source broke off")

    with pytest.raises(RuntimeError):
        listed.add(some())
    assert listed.get("a").entries == 10_000


def test_a_list_of_a_hundred_lists_is_shown_by_name(listed: SqliteListStore) -> None:
    for number in range(99):
        listed.create(HashListInfo(f"list {number}", ListClass.TEST))
    names = [info.name for info in listed.lists()]
    assert names == sorted(names)
    assert len(names) == 100


def test_an_entry_never_shows_its_value_in_a_repr() -> None:
    assert pdq(1) not in repr(ListEntry("a", "key", Signal("pdq", pdq(1))))
