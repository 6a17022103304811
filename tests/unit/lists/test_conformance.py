"""The embedded store and the store in memory keep the same promises."""

from __future__ import annotations

import pytest
from conformance import ListStoreConformance

from safelight.lists import ListStore, MemoryListStore
from safelight.lists.sqlite import SqliteListStore


class TestMemoryListStore(ListStoreConformance):
    @pytest.fixture
    def store(self, memory_store: MemoryListStore) -> ListStore:
        return memory_store


class TestSqliteListStore(ListStoreConformance):
    @pytest.fixture
    def store(self, sqlite_store: SqliteListStore) -> ListStore:
        return sqlite_store
