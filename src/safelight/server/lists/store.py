"""The server's list store: the embedded store's promises, kept in the server's database.

Writers queue for one row, so what is committed is committed in the order of its numbers, and whoever follows
the numbers misses nothing. Readers take the sequence first and read no further: everything up to it is there.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from heapq import merge
from itertools import islice
from typing import Any, Final

from django.db import connection, transaction

from safelight.errors import WorkspaceError
from safelight.keys import KeySource, Purpose
from safelight.lists.checks import list_exists, no_such_list, pack_entry, pack_query
from safelight.lists.entry_keys import derive_entry_key
from safelight.lists.row_secrets import KeyUse, RowKeys, RowSecrets
from safelight.lists.store import HELD, Added, Change, ChangeKind, HashListInfo, Stamp, StoredEntry
from safelight.server.ids import now
from safelight.server.lists import resealing
from safelight.server.lists.adding import Offered, add_batch
from safelight.server.lists.apart import one_state
from safelight.server.lists.models import Entry, HashList, ListRootKey, ListState, Tally, Withdrawal
from safelight.server.lists.withdrawing import withdraw_numbers
from safelight.types import ListClass, ListEntry, Signal

BATCH: Final = 5_000
"""Rows a transaction: long enough to be quick, short enough that other writers wait for moments only."""
_RESOLVED_AT_ONCE: Final = 5_000
_FOUND_AT_ONCE: Final = 2_000
"""An archive or a model has tens of thousands of signals; a statement takes 32,766 values, SQLite says."""
_STORED: Final = (
    "number", "list_id", "key", "signal_type", "classification", "flags", "held_reason"
)  # fmt: skip
_FIND: Final = (
    f"SELECT state.version, {', '.join(f'entry.{name}' for name in _STORED)}, entry.tag"  # noqa: S608
    " FROM lists_liststate state LEFT JOIN lists_entry entry ON entry.tag IN ({marks}) ORDER BY entry.number"
)

_Row = tuple[int, int, str, str, str | None, str, str]


class DjangoListStore:
    """A :class:`~safelight.lists.store.ListStore` in the server's database; safe from any thread."""

    def __init__(self, source: KeySource) -> None:
        """Needs ``LIST_VALUE_SEAL`` and ``LIST_VALUE_LOOKUP``; raises :class:`RootKeyError` without."""
        ring = source.load()
        self._workspace = ring.workspace
        self._secrets = RowSecrets(source, ring)
        self._derivation: bytes | None = None
        self._lists: tuple[int, dict[int, _Known]] = (-1, {})
        self._row_keys: tuple[int, RowKeys | None] = (-1, None)

    # The state

    @contextlib.contextmanager
    def _write(self) -> Iterator[ListState]:
        with transaction.atomic():
            state = ListState.objects.select_for_update().filter(one=1).first()
            if state is None:
                raise _not_there()
            yield state
            state.version += 1
            state.save(update_fields=["epoch", "sequence", "version", "resealed_to", "derivation"])

    def _at(self) -> tuple[str, str, int, int]:
        # Plain SQL, here and where rows are found: every search asks, and the ORM takes four times as long.
        with connection.cursor() as cursor:
            cursor.execute("SELECT workspace, epoch, sequence, version FROM lists_liststate")
            state: tuple[str, str, int, int] | None = cursor.fetchone()
        if state is None:
            raise _not_there()
        return state

    def _keys(self, version: int | None = None) -> RowKeys:
        """The keys for rows now, or at a version just read; asked for again only when something changed."""
        if version is None:
            version = self._at()[3]
        seen, keys = self._row_keys
        if keys is None or seen != version or connection.in_atomic_block:
            keys = self._secrets.under(self.key_use())
            if not connection.in_atomic_block:
                self._row_keys = version, keys
        return keys

    def stamp(self) -> Stamp:
        """The present state."""
        workspace, epoch, sequence, _ = self._at()
        return Stamp(workspace, epoch, sequence)

    # Lists

    def _known(self, version: int | None = None) -> dict[int, _Known]:
        """Every list by its number in this database; read again only when something changed."""
        if version is None:
            version = self._at()[3]
        seen, known = self._lists
        if seen != version or connection.in_atomic_block:
            counts: dict[int, int] = {}
            for list_id, entries in Tally.objects.values_list("list_id", "entries"):
                counts[list_id] = counts.get(list_id, 0) + entries
            rows = HashList.objects.order_by("name")
            known = {row.pk: _Known(row, counts.get(row.pk, 0)) for row in rows}
            if not connection.in_atomic_block:
                self._lists = version, known
        return known

    def lists(self) -> tuple[HashListInfo, ...]:
        """Every list, by name, with its number of live entries."""
        return tuple(known.info for known in self._known().values())

    def get(self, name: str) -> HashListInfo:
        """One list. Raises :class:`~safelight.errors.NoSuchList`."""
        infos = {info.name: info for info in self.lists()}
        if name not in infos:
            raise no_such_list(name, infos)
        return infos[name]

    def tally(self, name: str) -> dict[str, int]:
        """How many live entries of each signal type a list has. Raises ``NoSuchList``."""
        of_list = Tally.objects.filter(list=list_row(name), entries__gt=0).order_by("signal_type")
        return dict(of_list.values_list("signal_type", "entries"))

    def create(self, info: HashListInfo) -> HashListInfo:
        """A new, empty list. Raises :class:`~safelight.errors.ListExists`."""
        with self._write():
            if HashList.objects.filter(name=info.name).exists():
                raise list_exists(info.name)
            HashList.objects.create(
                name=info.name,
                list_class=info.list_class.value,
                distance=info.distance,
                shadow=info.shadow,
                enabled=info.enabled,
                source=info.source,
                query_percent=info.query_percent,
                listed_percent=info.listed_percent,
                made_at=now(),
                changed_at=now(),
                judged_from=now(),
            )
        return replace(info, entries=0)

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
        told = {
            "distance": distance,
            "shadow": shadow,
            "enabled": enabled,
            "query_percent": query_percent,
            "listed_percent": listed_percent,
        }
        with self._write():
            row = list_row(name)
            for field, value in told.items():
                if value is not None:
                    setattr(row, field, value)
            _Known(row, 0)  # refuses what no list may have
            row.changed_at = now()
            row.save()
        return self.get(name)

    @contextlib.contextmanager
    def changing(self, name: str) -> Iterator[HashList]:
        """A list's row, locked with the store and saved at the end. Raises ``NoSuchList``."""
        with self._write():
            row = list_row(name)
            yield row
            _Known(row, 0)
            row.changed_at = now()
            row.save()

    def remove(self, name: str) -> int:
        """Withdraw every entry of a list and forget it; returns how many entries went."""
        gone = 0
        while True:
            with self._write() as state:
                row = list_row(name)
                some = Entry.objects.filter(list=row).order_by("number").values_list("number", flat=True)
                numbers = list(some[:BATCH])
                gone += withdraw_numbers(state, row, numbers)
                if not numbers:
                    row.delete()
                    return gone

    # Entries

    def add(self, entries: Iterable[ListEntry]) -> Added:
        """Add entries to the lists they name, in batches; committed when this returns."""
        total, waiting = Added(), iter(entries)
        while batch := [(entry, pack_entry(entry)) for entry in islice(waiting, BATCH)]:
            total += self.add_packed(batch)
        return total

    def add_packed(self, batch: Sequence[tuple[ListEntry, bytes]], *, by_two: bool = False) -> Added:
        """Add at most :data:`BATCH` entries whose values were checked and packed, in one transaction.

        ``by_two`` says that two people approved. Without, lists that take two people refuse what is new, with
        :class:`~.errors.TwoPeopleNeeded`: no way in can leave them out.
        """
        keys = self._keys()
        offered = _tagged(batch, keys)
        with self._write() as state:
            present = self._keys()
            if present.use != keys.use:  # another process rotated the key meanwhile
                offered = _tagged(batch, present)
            return add_batch(state, present, offered, by_two=by_two)

    def derive_key(self, signals: Sequence[Signal]) -> str:
        """A key for signals of one file to which their source gave none; the same for the same signals."""
        if self._derivation is None:
            state = ListState.objects.get(one=1)
            self._derivation = self._keys().open_derivation(bytes(state.derivation))
        return derive_entry_key(self._derivation, signals)

    def withdraw(self, name: str, keys: Iterable[str]) -> int:
        """Withdraw entries by the source's keys; returns how many rows went."""
        gone, waiting = 0, iter(keys)
        list_row(name)
        while batch := list(islice(waiting, BATCH)):
            with self._write() as state:
                row = list_row(name)
                there = Entry.objects.filter(list=row, key__in=batch).order_by("number")
                gone += withdraw_numbers(state, row, list(there.values_list("number", flat=True)))
        return gone

    def withdraw_rows(self, name: str, numbers: Sequence[int]) -> int:
        """Withdraw rows of a list by their numbers; returns how many went."""
        with self._write() as state:
            return withdraw_numbers(state, list_row(name), numbers)

    def hold_entry(self, name: str, key: str, reason: str) -> int:
        """Let an entry's hits be held for review, or, without a reason, act again; how many rows it has."""
        with self._write():
            return Entry.objects.filter(list=list_row(name), key=key).update(held_reason=reason)

    def find(self, signals: Sequence[Signal]) -> tuple[tuple[StoredEntry, ...], ...]:
        """The live rows of enabled lists whose type and value equal each signal's, in the order asked."""
        some = (signals[at : at + _FOUND_AT_ONCE] for at in range(0, len(signals), _FOUND_AT_ONCE))
        return tuple(found for batch in some for found in self._find(batch))

    def _find(self, signals: Sequence[Signal]) -> tuple[tuple[StoredEntry, ...], ...]:
        keys = self._row_keys[1] or self._keys()
        while True:
            asked = [(signal.type, keys.tags(signal.type, pack_query(signal))) for signal in signals]
            version, rows = self._with_tags([tag for _, tags in asked for tag in tags])
            present = self._keys(version)
            if present.use == keys.use:
                break
            keys = present  # another process rotated the key meanwhile
        found: dict[tuple[str, bytes], list[StoredEntry]] = {}
        known = self._known(version) if rows else {}
        for *row, tag in rows:
            if stored := _stored(tuple(row), known):
                found.setdefault((stored.signal_type, bytes(tag)), []).append(stored)
        return tuple(
            tuple(sorted((e for tag in tags for e in found.get((type_, tag), ())), key=lambda e: e.row))
            for type_, tags in asked
        )

    def _with_tags(self, tags: Sequence[bytes]) -> tuple[int, list[tuple[Any, ...]]]:
        """The version, and the rows that had one of these tags then, each with its tag at the end."""
        with connection.cursor() as cursor:
            cursor.execute(_FIND.format(marks=", ".join(["%s"] * len(tags))), tags)
            rows = cursor.fetchall()
        if not rows:
            raise _not_there()
        # The state's row is there even where no entry is.
        return rows[0][0], [row[1:] for row in rows if row[1] is not None]

    def resolve(self, rows: Iterable[int]) -> dict[int, StoredEntry]:
        """The live rows among these numbers; withdrawn rows and rows of disabled lists are left out."""
        waiting, found = iter(rows), dict[int, StoredEntry]()
        some = list(islice(waiting, _RESOLVED_AT_ONCE))
        known = self._known() if some else {}
        while some:
            with connection.cursor() as cursor:
                marks = ", ".join(["%s"] * len(some))
                cursor.execute(
                    f"SELECT {', '.join(_STORED)} FROM lists_entry WHERE number IN ({marks})",  # noqa: S608
                    some,
                )
                rows_found = cursor.fetchall()
            for row in rows_found:
                if stored := _stored(row, known):
                    found[stored.row] = stored
            some = list(islice(waiting, _RESOLVED_AT_ONCE))
        return found

    # Following

    def changes(self, after: int, limit: int = 10_000) -> Sequence[Change]:
        """Changes with a sequence greater than ``after``, oldest first, at most ``limit``."""
        until = self._at()[2]
        if after >= until:
            return []
        keys = self._keys()
        added = Entry.objects.filter(number__gt=after, number__lte=until).order_by("number")
        gone = Withdrawal.objects.filter(sequence__gt=after, sequence__lte=until).order_by("sequence")
        additions = (
            Change(number, ChangeKind.ADD, number, type_, keys.text(number, type_, bytes(sealed)))
            for number, type_, sealed in added.values_list("number", "signal_type", "sealed")[:limit]
        )
        withdrawals = (
            Change(sequence, ChangeKind.WITHDRAW, number, type_)
            for sequence, number, type_ in gone.values_list("sequence", "number", "signal_type")[:limit]
        )
        return list(islice(merge(additions, withdrawals, key=lambda change: change.sequence), limit))

    def live(self, signal_type: str) -> Iterator[tuple[int, str]]:
        """Every live row of a type as (row, value), for building an index; sees one consistent state."""
        with one_state() as apart:
            query = (
                "SELECT number, sealed FROM lists_entry WHERE signal_type = %s AND number > %s"
                " ORDER BY number LIMIT %s"
            )
            keys, last = self._keys(), 0
            while True:
                with apart.cursor() as cursor:
                    cursor.execute(query, (signal_type, last, BATCH))
                    rows = cursor.fetchall()
                if not rows:
                    return
                for number, sealed in rows:
                    yield number, keys.text(number, signal_type, bytes(sealed))
                last = rows[-1][0]

    # Keys

    def key_use(self) -> KeyUse:
        """Which root keys the rows are under."""
        rows = list(ListRootKey.objects.order_by("id").values_list("id", "current"))
        current = [id_ for id_, is_current in rows if is_current]
        if len(current) != 1:
            raise WorkspaceError("The database names no current root key of the lists. Restore a backup.")
        return KeyUse(current[0], tuple(id_ for id_, is_current in rows if not is_current))

    def subkey(self, purpose: Purpose) -> bytes:
        """A subkey of the root key that seals now; it changes with the epoch."""
        use = self.key_use()
        self._secrets.under(use)
        return self._secrets.subkey(purpose, use.current)

    def adopt_key(self, id_: str) -> None:
        """Seal with another root key from now on (see :mod:`safelight.lists.resealing`)."""
        with self._write() as state:
            resealing.adopt(state, id_)

    def reseal(self, progress: Callable[[int], None]) -> None:
        """Bring every row under the current root key; may be killed and called again."""
        while True:
            with self._write() as state:
                keys = self._keys()
                looked_at = resealing.reseal_batch(state, keys, BATCH)
                if not looked_at:
                    resealing.strike_off_former(state, keys)
                    return
            progress(looked_at)

    def row_keys(self) -> RowKeys:
        """The keys that rows are under now."""
        return self._keys()

    def close(self) -> None:
        """Nothing to release: connections belong to their threads."""


class _Known:
    """A list as searches see it: what waits for people is not there."""

    def __init__(self, row: HashList, entries: int) -> None:
        self.info = HashListInfo(
            row.name,
            ListClass(row.list_class),
            row.distance,
            row.shadow,
            row.enabled and row.admitted,
            row.source,
            entries,
            bool(row.held_reason),
            row.query_percent,
            row.listed_percent,
        )
        self.categories = {told: ListClass(class_) for told, class_ in row.categories.items()}


@dataclass(frozen=True, slots=True)
class KnownAs:
    """How a list's entry of some classification counts."""

    list_class: ListClass
    shadow: bool
    held: bool


def known_as(row: HashList, classification: str | None) -> KnownAs:
    """The class and standing of a list's entries, its category map applied."""
    known = _Known(row, 0)
    mapped = known.categories.get(classification) if classification else None
    return KnownAs(mapped or known.info.list_class, known.info.shadow, known.info.held)


def list_row(name: str) -> HashList:
    """A list's row. Raises :class:`~safelight.errors.NoSuchList`."""
    row = HashList.objects.filter(name=name).first()
    if row is None:
        raise no_such_list(name, HashList.objects.values_list("name", flat=True))
    return row


def _stored(row: _Row, known: dict[int, _Known]) -> StoredEntry | None:
    number, list_id, key, type_, classification, flags, held_reason = row
    of_list = known.get(list_id)
    if of_list is None or not of_list.info.enabled:
        return None
    flagged = frozenset(flags.split()) | ({HELD} if held_reason else set())
    mapped = of_list.categories.get(classification) if classification else None
    return StoredEntry(number, of_list.info.name, key, type_, classification, flagged, mapped)


def _tagged(batch: Sequence[tuple[ListEntry, bytes]], keys: RowKeys) -> list[Offered]:
    return [Offered(entry, raw, keys.tags(entry.signal.type, raw)) for entry, raw in batch]


def _not_there() -> WorkspaceError:
    return WorkspaceError("The server's database holds no lists yet. `safelight serve` brings them in.")
