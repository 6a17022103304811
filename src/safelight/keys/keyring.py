"""Root keys in memory, and the labelled subkeys derived from them; key material never reaches a ``repr``."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final, Protocol

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from safelight.errors import KeyMismatch
from safelight.keys.purposes import Purpose

KEY_BYTES: Final = 32
ID_BYTES: Final = 8


def utc_now() -> datetime:
    """The present time, in UTC."""
    return datetime.now(UTC)


def key_id(secret: bytes) -> str:
    """The public name of a root key: 16 hexadecimal digits that tell nothing of the 256 random bits."""
    return hashlib.sha256(b"safelight root key id\0" + secret).digest()[:ID_BYTES].hex()


@dataclass(frozen=True, slots=True)
class RootKey:
    """32 random bytes, the public id derived from them, and when they were made."""

    secret: bytes = field(repr=False)
    created: datetime

    @property
    def id(self) -> str:
        """The public id (see :func:`key_id`)."""
        return key_id(self.secret)

    @classmethod
    def generate(cls, now: Callable[[], datetime] = utc_now) -> RootKey:
        """A new key from the operating system's random source."""
        return cls(os.urandom(KEY_BYTES), now())


@dataclass(frozen=True, slots=True)
class Keyring:
    """The root keys of one workspace: one is primary, the others open what was sealed before a rotation."""

    workspace: str
    keys: tuple[RootKey, ...]
    primary_id: str

    @classmethod
    def generate(cls, workspace: str, now: Callable[[], datetime] = utc_now) -> Keyring:
        """A ring with one new key."""
        key = RootKey.generate(now)
        return cls(workspace, (key,), key.id)

    def ids(self) -> frozenset[str]:
        """The ids of every key in the ring."""
        return frozenset(key.id for key in self.keys)

    def get(self, id_: str) -> RootKey:
        """The key of that id. Raises :class:`~safelight.errors.KeyMismatch`."""
        for key in self.keys:
            if key.id == id_:
                return key
        raise KeyMismatch(
            f"This needs root key {id_}, which the key file of workspace {self.workspace} does not hold. "
            "Restore the key file from your copy; `safelight keys check` shows which keys are there."
        )

    def subkey(self, purpose: Purpose, id_: str | None = None) -> bytes:
        """32 bytes for one purpose (HKDF-SHA256, RFC 5869), of the primary key unless an id is given."""
        hkdf = HKDF(
            SHA256(), KEY_BYTES, salt=self.workspace.encode(), info=b"safelight/1/" + purpose.encode()
        )
        return hkdf.derive(self.get(self.primary_id if id_ is None else id_).secret)

    def with_primary(self, key: RootKey) -> Keyring:
        """The ring with one more key, which becomes the primary."""
        return replace(self, keys=(*self.keys, key), primary_id=key.id)

    def without(self, ids: frozenset[str]) -> Keyring:
        """The ring without some of its keys, never without its primary."""
        kept = tuple(key for key in self.keys if key.id not in ids or key.id == self.primary_id)
        return replace(self, keys=kept)


class Ring(Protocol):
    """Subkeys of one workspace by purpose: a whole :class:`Keyring`, or the part that a process was given."""

    @property
    def workspace(self) -> str:
        """The workspace's UUIDv7."""
        ...

    @property
    def primary_id(self) -> str:
        """The id of the root key that seals now."""
        ...

    def ids(self) -> frozenset[str]:
        """The ids of every root key whose subkeys are held."""
        ...

    def subkey(self, purpose: Purpose, id_: str | None = None) -> bytes:
        """32 bytes for one purpose. Raises :class:`~safelight.errors.RootKeyError` where not held."""
        ...


class KeySource(Protocol):
    """Where the ring can be read again after another process rotated the root key."""

    def load(self) -> Ring:
        """The ring as it is now. Raises :class:`~safelight.errors.RootKeyError`."""
        ...
