"""Objects with small chunks, so that every byte and every boundary can be tried."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pytest

from safelight.ids import uuid7
from safelight.vault.object_key import ObjectKey
from safelight.vault.opening import OpenedObject
from safelight.vault.sealing import Sealing
from safelight.vault.stores.memory import MemoryStore

CHUNK = 16


class Bench:
    """A memory store whose objects have chunks of 16 bytes, and the keys to open them."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.keys: dict[UUID, ObjectKey] = {}

    def seal(self, content: bytes, chunk_size: int = CHUNK) -> UUID:
        object_id = UUID(uuid7())
        sealing = Sealing(object_id, [content], chunk_size=chunk_size)
        self.store.put(object_id, sealing)
        self.keys[object_id] = sealing.key
        return object_id

    def open(self, object_id: UUID) -> OpenedObject:
        return OpenedObject(self.store, object_id, self.keys[object_id])

    def read(self, object_id: UUID) -> bytes:
        opened = self.open(object_id)
        opened.verify()
        return opened.read()

    def raw(self, object_id: UUID) -> bytes:
        return self.store.objects[object_id]

    def replace(self, object_id: UUID, raw: bytes) -> None:
        self.store.objects[object_id] = raw


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture(scope="session")
def new_bench() -> Callable[[], Bench]:
    """A bench for each example that hypothesis tries."""
    return Bench
