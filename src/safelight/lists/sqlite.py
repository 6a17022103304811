"""The embedded list store: one SQLite file that several processes use at once, list values sealed within."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Final

from safelight.errors import WorkspaceError
from safelight.ids import uuid7
from safelight.keys import Keyring, KeySource, Purpose
from safelight.lists import reading, resealing
from safelight.lists.adding import Offered, add_batch
from safelight.lists.checks import list_exists, pack_entry
from safelight.lists.database import Database
from safelight.lists.entry_keys import SECRET_BYTES, derive_entry_key
from safelight.lists.high_water import HighWater
from safelight.lists.row_secrets import KeyUse, RowKeys, RowSecrets, key_use
from safelight.lists.schema import is_current, migrate
from safelight.lists.store import Added, Change, HashListInfo, Stamp, StoredEntry
from safelight.lists.withdrawing import rows_of_keys, withdraw_rows
from safelight.types import ListEntry, Signal

BATCH: Final = 5_000
"""Rows a transaction: long enough to be quick, short enough that other writers wait for moments only."""


def create_database(path: Path, keyring: Keyring) -> None:
    """Make an empty list database for the ring's workspace, readable by this user only."""
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    keys = RowKeys(keyring, KeyUse(keyring.primary_id))
    with contextlib.closing(Database(path)) as database, database.write() as connection:
        migrate(connection)
        connection.execute(
            "INSERT INTO state (one, workspace, epoch, derivation) VALUES (1, ?, ?, ?)",
            (keyring.workspace, uuid7(), keys.seal_derivation(os.urandom(SECRET_BYTES))),
        )
        connection.execute("INSERT INTO root_key VALUES (?, 1)", (keyring.primary_id,))


class SqliteListStore:
    """A :class:`~safelight.lists.store.ListStore` in one file. Safe from any thread and several processes."""

    def __init__(self, path: Path, source: KeySource) -> None:
        """Open an existing database and bring it up to date.

        Raises :class:`~safelight.errors.WorkspaceError` and :class:`~safelight.errors.RootKeyError`.
        """
        keyring = source.load()
        self._database = Database(path)
        self._mark = HighWater(path.with_suffix(".mark"))
        self._secrets = RowSecrets(source, keyring)
        self._derivation: bytes | None = None
        try:
            self._bring_up_to_date(keyring.workspace)
        except BaseException:
            self._database.close()
            raise

    def _bring_up_to_date(self, workspace: str) -> None:
        with self._database.read() as connection:
            current = is_current(connection)
        if not current:
            with self._database.write() as connection:
                migrate(connection)
        with self._database.read() as connection:
            (owner,) = connection.execute("SELECT workspace FROM state").fetchone()
            if owner != workspace:
                raise WorkspaceError(
                    f"{self._database.path} belongs to workspace {owner}, not to {workspace}. "
                    "Restore the file that belongs here."
                )
            self._secrets.in_use(connection)
            agrees = self._mark.agrees(*_state(connection))
        if not agrees:
            with self._write():
                pass  # every write begins a new epoch where the mark disagrees

    @contextlib.contextmanager
    def _write(self) -> Iterator[sqlite3.Connection]:
        with self._database.write() as connection:
            if not self._mark.agrees(*_state(connection)):
                connection.execute("UPDATE state SET epoch = ?", (uuid7(),))
            yield connection
            self._mark.set(*_state(connection))

    @contextlib.contextmanager
    def _read(self) -> Iterator[tuple[sqlite3.Connection, RowKeys]]:
        with self._database.read() as connection:
            yield connection, self._secrets.in_use(connection)

    def stamp(self) -> Stamp:
        """The present state."""
        with self._database.read() as connection:
            return Stamp(*connection.execute("SELECT workspace, epoch, sequence FROM state").fetchone())

    def lists(self) -> tuple[HashListInfo, ...]:
        """Every list, by name, with its number of live entries."""
        with self._database.read() as connection:
            return reading.all_lists(connection)

    def get(self, name: str) -> HashListInfo:
        """One list. Raises :class:`~safelight.errors.NoSuchList`."""
        with self._database.read() as connection:
            return reading.one_list(connection, name)

    def tally(self, name: str) -> dict[str, int]:
        """How many live entries of each signal type a list has. Raises ``NoSuchList``."""
        with self._database.read() as connection:
            return reading.tally(connection, name)

    def create(self, info: HashListInfo) -> HashListInfo:
        """A new, empty list. Raises :class:`~safelight.errors.ListExists`."""
        with self._write() as connection:
            if connection.execute("SELECT 1 FROM hash_list WHERE name = ?", (info.name,)).fetchone():
                raise list_exists(info.name)
            connection.execute(
                "INSERT INTO hash_list (name, class, distance, shadow, enabled, source, query_percent,"
                " listed_percent) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    info.name,
                    info.list_class,
                    info.distance,
                    info.shadow,
                    info.enabled,
                    info.source,
                    info.query_percent,
                    info.listed_percent,
                ),
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
        with self._write() as connection:
            before = reading.one_list(connection, name)
            after = replace(
                before,
                distance=before.distance if distance is None else distance,
                shadow=before.shadow if shadow is None else shadow,
                enabled=before.enabled if enabled is None else enabled,
                query_percent=before.query_percent if query_percent is None else query_percent,
                listed_percent=before.listed_percent if listed_percent is None else listed_percent,
            )
            connection.execute(
                "UPDATE hash_list SET distance = ?, shadow = ?, enabled = ?, query_percent = ?,"
                " listed_percent = ? WHERE name = ?",
                (
                    after.distance,
                    after.shadow,
                    after.enabled,
                    after.query_percent,
                    after.listed_percent,
                    name,
                ),
            )
        return after

    def remove(self, name: str) -> int:
        """Withdraw every entry of a list and forget it; returns how many entries went."""
        gone = 0
        while True:
            with self._write() as connection:
                list_id = reading.list_id(connection, name)
                some = connection.execute("SELECT row FROM entry WHERE list = ? LIMIT ?", (list_id, BATCH))
                rows = [row for (row,) in some]
                gone += withdraw_rows(connection, list_id, rows)
                if not rows:
                    connection.execute("DELETE FROM tally WHERE list = ?", (list_id,))
                    connection.execute("DELETE FROM hash_list WHERE id = ?", (list_id,))
                    return gone

    def add(self, entries: Iterable[ListEntry]) -> Added:
        """Add entries to the lists they name, in batches; committed when this returns."""
        total, waiting = Added(), iter(entries)
        while batch := [(entry, pack_entry(entry)) for entry in islice(waiting, BATCH)]:
            total += self._add_batch(batch)
        return total

    def _add_batch(self, batch: list[tuple[ListEntry, bytes]]) -> Added:
        with self._read() as (_, keys):
            pass
        offered = _tagged(batch, keys)
        with self._write() as connection:
            now = self._secrets.in_use(connection)
            if now.use != keys.use:  # another process rotated the key meanwhile
                offered = _tagged(batch, now)
            return add_batch(connection, now, offered)

    def derive_key(self, signals: Sequence[Signal]) -> str:
        """A key for signals of one file to which their source gave none; the same for the same signals."""
        if self._derivation is None:
            with self._read() as (connection, keys):
                (sealed,) = connection.execute("SELECT derivation FROM state").fetchone()
                self._derivation = keys.open_derivation(sealed)
        return derive_entry_key(self._derivation, signals)

    def withdraw(self, name: str, keys: Iterable[str]) -> int:
        """Withdraw entries by the source's keys; returns how many rows went."""
        gone, waiting = 0, iter(keys)
        self.get(name)
        while batch := list(islice(waiting, BATCH)):
            with self._write() as connection:
                list_id = reading.list_id(connection, name)
                gone += withdraw_rows(connection, list_id, rows_of_keys(connection, list_id, batch))
        return gone

    def find(self, signals: Sequence[Signal]) -> tuple[tuple[StoredEntry, ...], ...]:
        """The live rows of enabled lists whose type and value equal each signal's, in the order asked."""
        with self._read() as (connection, keys):
            return tuple(reading.find(connection, keys, signal) for signal in signals)

    def resolve(self, rows: Iterable[int]) -> dict[int, StoredEntry]:
        """The live rows among these numbers; withdrawn rows and rows of disabled lists are left out."""
        with self._database.read() as connection:
            return reading.resolve(connection, rows)

    def changes(self, after: int, limit: int = 10_000) -> Sequence[Change]:
        """Changes with a sequence greater than ``after``, oldest first, at most ``limit``."""
        with self._read() as (connection, keys):
            return reading.changes(connection, keys, after, limit)

    def live(self, signal_type: str) -> Iterator[tuple[int, str]]:
        """Every live row of a type as (row, value), for building an index; sees one consistent state."""
        with self._database.read_apart() as connection:
            yield from reading.live(connection, self._secrets.in_use(connection), signal_type)

    def key_use(self) -> KeyUse:
        """Which root keys the rows are under."""
        with self._database.read() as connection:
            return key_use(connection)

    def subkey(self, purpose: Purpose) -> bytes:
        """A subkey of the root key that seals now; it changes with the epoch."""
        with self._read() as (_, keys):
            return self._secrets.subkey(purpose, keys.use.current)

    def adopt_key(self, id_: str) -> None:
        """Seal with another root key from now on (see :mod:`safelight.lists.resealing`)."""
        with self._write() as connection:
            resealing.adopt(connection, id_)

    def reseal(self, progress: Callable[[int], None]) -> None:
        """Bring every row under the current root key; may be killed and called again.

        ``progress`` gets the number of rows looked at, batch by batch.
        """
        while True:
            with self._write() as connection:
                keys = self._secrets.in_use(connection)
                looked_at = resealing.reseal_batch(connection, keys, BATCH)
                if not looked_at:
                    resealing.strike_off_former(connection, keys)
                    return
            progress(looked_at)

    def read_apart(self) -> contextlib.AbstractContextManager[sqlite3.Connection]:
        """A read transaction on a connection of its own, for verification."""
        return self._database.read_apart()

    def row_keys(self, connection: sqlite3.Connection) -> RowKeys:
        """The keys for rows read by a transaction."""
        return self._secrets.in_use(connection)

    def close(self) -> None:
        """Release files and connections."""
        self._database.close()


def _state(connection: sqlite3.Connection) -> tuple[str, int]:
    epoch, sequence = connection.execute("SELECT epoch, sequence FROM state").fetchone()
    return epoch, sequence


def _tagged(batch: list[tuple[ListEntry, bytes]], keys: RowKeys) -> list[Offered]:
    return [Offered(entry, raw, keys.tags(entry.signal.type, raw)) for entry, raw in batch]
