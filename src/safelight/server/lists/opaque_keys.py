"""Keys that are the listed value itself are replaced: keys are shown, listed values never."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from safelight.server.lists.process_store import list_store
from safelight.types import ListEntry, Signal
from safelight.values import SIGNAL_TYPES, pack


def opaque(entry: ListEntry) -> ListEntry:
    """The entry, under a key of the store's own where its source's repeats the hash."""
    if entry.key.strip().lower() != entry.signal.value.strip().lower():
        return entry
    return replace(entry, key=list_store().derive_key([entry.signal]))


def keys_meant(keys: Iterable[str]) -> Iterator[str]:
    """The keys, and what stands in their place where a source calls its entries by their hashes."""
    for key in keys:
        yield key
        for type_ in SIGNAL_TYPES:
            try:
                pack(type_, key.strip())
            except ValueError:
                continue
            yield list_store().derive_key([Signal(type_, key.strip())])
