"""Seals and finds listed values under exactly the root keys that the database says are in use.

The database is the authority: it names the key that seals new rows and, while a rotation runs, the former
one. Whoever reads or writes rows takes these names from the same transaction as the rows; a process that has
not seen a new key yet reads the key file again, so that no row is ever missed for want of a key.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Final

from safelight.errors import WorkspaceError
from safelight.keys import KeySource, Purpose, Ring, Sealer, Tagger
from safelight.values import unpack

_DERIVATION: Final = b"derivation of entry keys\0"


@dataclass(frozen=True, slots=True)
class KeyUse:
    """Which root keys rows are under: the one that seals, and those still to be replaced."""

    current: str
    former: tuple[str, ...] = ()


class RowKeys:
    """Sealing, opening and tagging of rows under one :class:`KeyUse`."""

    def __init__(self, keyring: Ring, use: KeyUse) -> None:
        self.use = use
        self._sealer = Sealer(keyring, Purpose.LIST_VALUE_SEAL, use.current)
        self._taggers = tuple(
            Tagger(keyring, Purpose.LIST_VALUE_LOOKUP, id_) for id_ in (use.current, *use.former)
        )
        self._workspace = keyring.workspace.encode()

    def _place(self, row: int, signal_type: str) -> bytes:
        return self._workspace + row.to_bytes(8, "big") + signal_type.encode()

    def tags(self, signal_type: str, raw: bytes) -> list[bytes]:
        """The tags that a row of this value may have; the first is the one that new rows get."""
        message = signal_type.encode() + b"\0" + raw
        return [tagger.tag(message) for tagger in self._taggers]

    def seal(self, row: int, signal_type: str, raw: bytes) -> bytes:
        """A value sealed for its row, so that it cannot be moved to another."""
        return self._sealer.seal(raw, self._place(row, signal_type))

    def open(self, row: int, signal_type: str, sealed: bytes) -> bytes:
        """The packed value of a row. Raises :class:`~safelight.errors.KeyMismatch`."""
        return self._sealer.open(sealed, self._place(row, signal_type))

    def text(self, row: int, signal_type: str, sealed: bytes) -> str:
        """The canonical value of a row."""
        return unpack(signal_type, self.open(row, signal_type, sealed))

    def seal_derivation(self, secret: bytes) -> bytes:
        """Seal the secret that keys of keyless entries are derived from."""
        return self._sealer.seal(secret, _DERIVATION + self._workspace)

    def open_derivation(self, sealed: bytes) -> bytes:
        """The inverse of :meth:`seal_derivation`."""
        return self._sealer.open(sealed, _DERIVATION + self._workspace)


class RowSecrets:
    """Keeps :class:`RowKeys` in step with the database."""

    def __init__(self, source: KeySource, keyring: Ring) -> None:
        self._source = source
        self._keyring = keyring
        self._keys: RowKeys | None = None

    def in_use(self, connection: sqlite3.Connection) -> RowKeys:
        """The keys for rows seen by this transaction. Raises :class:`~safelight.errors.RootKeyError`."""
        return self.under(key_use(connection))

    def under(self, use: KeyUse) -> RowKeys:
        """The keys for rows under these root keys. Raises :class:`~safelight.errors.RootKeyError`."""
        keys = self._keys
        if keys is None or keys.use != use:
            if not self._keyring.ids().issuperset((use.current, *use.former)):
                self._keyring = self._source.load()
                for id_ in (use.current, *use.former):
                    self._keyring.subkey(Purpose.LIST_VALUE_SEAL, id_)  # says plainly which key is missing
            keys = RowKeys(self._keyring, use)
            self._keys = keys
        return keys

    def subkey(self, purpose: Purpose, id_: str) -> bytes:
        """A subkey for another purpose, of a key that :meth:`in_use` has met."""
        return self._keyring.subkey(purpose, id_)


def key_use(connection: sqlite3.Connection) -> KeyUse:
    """What the database says about its keys."""
    rows = connection.execute("SELECT id, current FROM root_key ORDER BY id").fetchall()
    current = [id_ for id_, is_current in rows if is_current]
    if len(current) != 1:
        raise WorkspaceError("The list database names no current root key. Restore it from a backup.")
    return KeyUse(current[0], tuple(id_ for id_, is_current in rows if not is_current))
