"""The workspace's hash lists, opened with the keys that a process was given instead of the root key."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from safelight.keys import Purpose
from safelight.lists.sqlite import SqliteListStore
from safelight.server.config import Config
from safelight.server.secrets import ProcessKeys
from safelight.workspace.workspace import LISTS_FILE


def index_directory(config: Config) -> Path:
    """Where the indexes of the workspace are."""
    return config.workspace / "index"


@contextmanager
def open_list_store(config: Config, keys: ProcessKeys) -> Iterator[SqliteListStore]:
    """The list store; needs ``LIST_VALUE_SEAL``, ``LIST_VALUE_LOOKUP`` and, for indexes, ``INDEX_LAYOUT``.

    Raises :class:`~safelight.errors.WorkspaceError` and :class:`~safelight.errors.RootKeyError`.
    """
    with closing(SqliteListStore(config.workspace / LISTS_FILE, keys)) as store:
        yield store


def layout_key(store: SqliteListStore) -> bytes:
    """The key that index files are disguised under, in the store's present epoch."""
    return store.subkey(Purpose.INDEX_LAYOUT)
