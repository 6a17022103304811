"""The server's hash lists, opened with the keys that a process was given instead of the root key."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from safelight.keys import Purpose
from safelight.server.config import Config
from safelight.server.secrets import ProcessKeys

if TYPE_CHECKING:
    from safelight.server.lists.store import DjangoListStore


def index_directory(config: Config) -> Path:
    """Where the indexes of the workspace are."""
    return config.workspace / "index"


@contextmanager
def open_list_store(config: Config, keys: ProcessKeys) -> Iterator[DjangoListStore]:  # noqa: ARG001
    """The list store; needs ``LIST_VALUE_SEAL``, ``LIST_VALUE_LOOKUP`` and, for indexes, ``INDEX_LAYOUT``.

    Django must be set up. Raises :class:`~safelight.errors.WorkspaceError` and
    :class:`~safelight.errors.RootKeyError`.
    """
    from safelight.server.lists.store import DjangoListStore  # noqa: PLC0415 - needs Django's set-up

    with closing(DjangoListStore(keys)) as store:
        yield store


def layout_key(store: DjangoListStore) -> bytes:
    """The key that index files are disguised under, in the store's present epoch."""
    return store.subkey(Purpose.INDEX_LAYOUT)
