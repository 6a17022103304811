"""This process's list store, opened with the keys that the process was given."""

from __future__ import annotations

import functools

from safelight.server.lists.store import DjangoListStore
from safelight.server.secrets import process_keys


@functools.cache
def list_store() -> DjangoListStore:
    """The store; opened once a process. Raises :class:`~safelight.errors.RootKeyError`."""
    return DjangoListStore(process_keys())
