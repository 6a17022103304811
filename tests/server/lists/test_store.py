"""The server's store keeps the promises of the embedded one."""

from __future__ import annotations

import threading

import pytest
from conformance import ListStoreConformance

from safelight.lists import ListStore


class TestDjangoListStore(ListStoreConformance):
    @pytest.fixture
    def store(self, committing_store: ListStore) -> ListStore:
        return committing_store

    @pytest.fixture(autouse=True)
    def _threads_close_their_connections(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The suite's threads know nothing of Django, whose connections belong to threads."""
        from django.db import connections

        run = threading.Thread.run

        def closing(thread: threading.Thread) -> None:
            try:
                run(thread)
            finally:
                connections.close_all()

        monkeypatch.setattr(threading.Thread, "run", closing)
