"""Hash lists: the store protocol, the embedded store, and the forms in which lists arrive.

:class:`ListStore` is the truth about lists. A workspace keeps it in a database
(:class:`~safelight.lists.sqlite.SqliteListStore`, imported there because it needs ``cryptography``),
:class:`MemoryListStore` in memory. ``tests/unit/lists/conformance.py`` holds what both promise.
"""

from __future__ import annotations

from safelight.lists.formats import BadLine, ImportReport, Layout, ListFormat
from safelight.lists.hash_list import HashList
from safelight.lists.importing import check_file, import_file, refuse_unreadable
from safelight.lists.memory import MemoryListStore
from safelight.lists.store import (
    DEFAULT_DISTANCE,
    MAX_DISTANCE,
    Added,
    Change,
    ChangeKind,
    HashListInfo,
    ListStore,
    Stamp,
    StoredEntry,
)

__all__ = [
    "DEFAULT_DISTANCE",
    "MAX_DISTANCE",
    "Added",
    "BadLine",
    "Change",
    "ChangeKind",
    "HashList",
    "HashListInfo",
    "ImportReport",
    "Layout",
    "ListFormat",
    "ListStore",
    "MemoryListStore",
    "Stamp",
    "StoredEntry",
    "check_file",
    "import_file",
    "refuse_unreadable",
]
