"""A list store in memory: for ``--list FILE``, for library users, and as a double in the tests of others."""

from __future__ import annotations

import os
import threading
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from safelight.ids import uuid7
from safelight.lists.checks import list_exists, no_such_list, pack_entry, pack_query
from safelight.lists.entry_keys import SECRET_BYTES, derive_entry_key
from safelight.lists.hash_list import HashList
from safelight.lists.store import Added, Change, ChangeKind, HashListInfo, Stamp, StoredEntry
from safelight.types import ListEntry, Signal
from safelight.values import unpack


@dataclass(frozen=True, slots=True)
class _Row:
    number: int
    entry: ListEntry
    raw: bytes = field(repr=False)

    @property
    def identity(self) -> tuple[str, str, str, bytes]:
        return _identity(self.entry, self.raw)

    def stored(self) -> StoredEntry:
        entry = self.entry
        return StoredEntry(
            self.number, entry.list, entry.key, entry.signal.type, entry.classification, entry.flags
        )


def _identity(entry: ListEntry, raw: bytes) -> tuple[str, str, str, bytes]:
    return entry.list, entry.key, entry.signal.type, raw


class MemoryListStore:
    """A :class:`~safelight.lists.store.ListStore` that is gone with its process. Safe from any thread."""

    def __init__(self, lists: Iterable[HashList] = ()) -> None:
        self._lock = threading.RLock()
        self._workspace, self._epoch, self._sequence = uuid7(), uuid7(), 0
        self._derivation = os.urandom(SECRET_BYTES)
        self._lists: dict[str, HashListInfo] = {}
        self._rows: dict[int, _Row] = {}
        self._by_identity: dict[tuple[str, str, str, bytes], int] = {}
        self._by_value: dict[tuple[str, bytes], set[int]] = {}
        self._by_key: dict[tuple[str, str], set[int]] = {}
        self._tally: Counter[tuple[str, str]] = Counter()
        self._log: list[Change] = []
        for hashes in lists:
            self.create(hashes.info)
            self.add(hashes)

    def stamp(self) -> Stamp:
        """The present state."""
        with self._lock:
            return Stamp(self._workspace, self._epoch, self._sequence)

    def lists(self) -> tuple[HashListInfo, ...]:
        """Every list, by name, with its number of live entries."""
        with self._lock:
            return tuple(self.get(name) for name in sorted(self._lists))

    def get(self, name: str) -> HashListInfo:
        """One list. Raises :class:`~safelight.errors.NoSuchList`."""
        return replace(self._settings(name), entries=sum(self.tally(name).values()))

    def _settings(self, name: str) -> HashListInfo:
        try:
            return self._lists[name]
        except KeyError:
            raise no_such_list(name, self._lists) from None

    def tally(self, name: str) -> dict[str, int]:
        """How many live entries of each signal type a list has. Raises ``NoSuchList``."""
        with self._lock:
            self._settings(name)
            counted = {
                type_: count for (list_, type_), count in self._tally.items() if list_ == name and count
            }
            return dict(sorted(counted.items()))

    def create(self, info: HashListInfo) -> HashListInfo:
        """A new, empty list. Raises :class:`~safelight.errors.ListExists`."""
        with self._lock:
            if info.name in self._lists:
                raise list_exists(info.name)
            self._lists[info.name] = replace(info, entries=0)
            return self._lists[info.name]

    def change(
        self,
        name: str,
        *,
        distance: int | None = None,
        shadow: bool | None = None,
        enabled: bool | None = None,
        query_percent: int | None = None,
        listed_percent: int | None = None,
    ) -> HashListInfo:
        """Change a list's settings; takes effect for the next search, without rebuilding an index."""
        with self._lock:
            before = self._settings(name)
            self._lists[name] = replace(
                before,
                distance=before.distance if distance is None else distance,
                shadow=before.shadow if shadow is None else shadow,
                enabled=before.enabled if enabled is None else enabled,
                query_percent=before.query_percent if query_percent is None else query_percent,
                listed_percent=before.listed_percent if listed_percent is None else listed_percent,
            )
            return self.get(name)

    def remove(self, name: str) -> int:
        """Withdraw every entry of a list and forget it; returns how many entries went."""
        with self._lock:
            self._settings(name)
            rows = [row for row in self._rows.values() if row.entry.list == name]
            for row in rows:
                self._withdraw(row)
            del self._lists[name]
            return len(rows)

    def add(self, entries: Iterable[ListEntry]) -> Added:
        """Add entries to the lists they name."""
        total = Added()
        for entry in entries:
            raw = pack_entry(entry)
            with self._lock:
                total += self._add(entry, raw)
        return total

    def _add(self, entry: ListEntry, raw: bytes) -> Added:
        self._settings(entry.list)
        number = self._by_identity.get(_identity(entry, raw))
        if number is None:
            self._sequence += 1
            signal = replace(entry.signal, value=unpack(entry.signal.type, raw))
            row = _Row(self._sequence, replace(entry, signal=signal), raw)
            self._rows[row.number] = row
            self._tally[entry.list, signal.type] += 1
            self._by_identity[row.identity] = row.number
            self._by_value.setdefault((signal.type, raw), set()).add(row.number)
            self._by_key.setdefault((entry.list, entry.key), set()).add(row.number)
            self._log.append(Change(row.number, ChangeKind.ADD, row.number, signal.type, signal.value))
            return Added(added=1)
        before = self._rows[number]
        if (before.entry.classification, before.entry.flags) == (entry.classification, entry.flags):
            return Added(known=1)
        changed = replace(before.entry, classification=entry.classification, flags=entry.flags)
        self._rows[number] = replace(before, entry=changed)
        return Added(updated=1)

    def derive_key(self, signals: Sequence[Signal]) -> str:
        """A key for signals of one file to which their source gave none; the same for the same signals."""
        return derive_entry_key(self._derivation, signals)

    def withdraw(self, name: str, keys: Iterable[str]) -> int:
        """Withdraw entries by the source's keys; returns how many rows went."""
        with self._lock:
            self._settings(name)
            numbers = [number for key in keys for number in sorted(self._by_key.pop((name, key), ()))]
            for number in numbers:
                self._withdraw(self._rows[number])
            return len(numbers)

    def _withdraw(self, row: _Row) -> None:
        self._sequence += 1
        self._log.append(Change(self._sequence, ChangeKind.WITHDRAW, row.number, row.entry.signal.type))
        del self._rows[row.number], self._by_identity[row.identity]
        self._tally[row.entry.list, row.entry.signal.type] -= 1
        self._by_value[row.entry.signal.type, row.raw].discard(row.number)
        self._by_key.get((row.entry.list, row.entry.key), set()).discard(row.number)

    def find(self, signals: Sequence[Signal]) -> tuple[tuple[StoredEntry, ...], ...]:
        """The live rows of enabled lists whose type and value equal each signal's, in the order asked."""
        with self._lock:
            wanted = [self._by_value.get((signal.type, pack_query(signal)), set()) for signal in signals]
            return tuple(tuple(self.resolve(sorted(numbers)).values()) for numbers in wanted)

    def resolve(self, rows: Iterable[int]) -> dict[int, StoredEntry]:
        """The live rows among these numbers; withdrawn rows and rows of disabled lists are left out."""
        with self._lock:
            found = (self._rows[number] for number in rows if number in self._rows)
            return {row.number: row.stored() for row in found if self._lists[row.entry.list].enabled}

    def changes(self, after: int, limit: int = 10_000) -> Sequence[Change]:
        """Changes with a sequence greater than ``after``, oldest first, at most ``limit``."""
        with self._lock:
            start = bisect_right(self._log, after, key=lambda change: change.sequence)
            return self._log[start : start + limit]

    def live(self, signal_type: str) -> Iterator[tuple[int, str]]:
        """Every live row of a type as (row, value), for building an index; sees one consistent state."""
        with self._lock:
            rows = [row for row in self._rows.values() if row.entry.signal.type == signal_type]
        return ((row.number, row.entry.signal.value) for row in rows)

    def close(self) -> None:
        """Nothing to release."""
