"""An embedded store and a store in memory, each empty."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from safelight.keys import KeyFile, KeyLocation, Keyring
from safelight.lists import HashListInfo, MemoryListStore
from safelight.lists.sqlite import SqliteListStore, create_database
from safelight.types import ListClass


@pytest.fixture
def key_file(tmp_path: Path) -> KeyFile:
    file = KeyFile(KeyLocation(tmp_path / "keys" / "key.toml", "the test"), "w", tmp_path / "workspace")
    file.create(Keyring.generate("w"))
    return file


@pytest.fixture
def database(tmp_path: Path, key_file: KeyFile) -> Path:
    """An empty list database."""
    (tmp_path / "workspace").mkdir()
    path = tmp_path / "workspace" / "lists.sqlite3"
    create_database(path, key_file.load())
    return path


@pytest.fixture
def sqlite_store(database: Path, key_file: KeyFile) -> Iterator[SqliteListStore]:
    store = SqliteListStore(database, key_file)
    yield store
    store.close()


@pytest.fixture
def memory_store() -> MemoryListStore:
    return MemoryListStore()


@pytest.fixture
def listed(sqlite_store: SqliteListStore) -> SqliteListStore:
    """An embedded store with an empty list ``a``."""
    sqlite_store.create(HashListInfo("a", ListClass.TEST))
    return sqlite_store
