"""An empty store of lists in the test's own database."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from safelight.server.lists.store import DjangoListStore


def begin() -> DjangoListStore:
    import os

    from server_settings import KEYS

    from safelight.ids import uuid7
    from safelight.lists.entry_keys import SECRET_BYTES
    from safelight.lists.row_secrets import KeyUse, RowKeys
    from safelight.server.lists.models import ListRootKey, ListState
    from safelight.server.lists.process_store import list_store

    keys = RowKeys(KEYS, KeyUse(KEYS.primary_id))
    ListState.objects.create(
        workspace=KEYS.workspace,
        epoch=uuid7(),
        derivation=keys.seal_derivation(os.urandom(SECRET_BYTES)),
        brought_in_at="2026-01-01T00:00:00Z",
    )
    ListRootKey.objects.create(id=KEYS.primary_id, current=True)
    list_store.cache_clear()
    return list_store()
