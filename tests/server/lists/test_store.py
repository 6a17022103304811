"""The server's store keeps the promises of the embedded one."""

from __future__ import annotations

import pytest
from conformance import ListStoreConformance

from safelight.lists import ListStore


class TestDjangoListStore(ListStoreConformance):
    @pytest.fixture
    def store(self, committing_store: ListStore) -> ListStore:
        return committing_store
