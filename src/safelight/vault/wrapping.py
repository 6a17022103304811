"""Object keys sealed to a public key, so that intake can seal evidence and never open it.

HPKE (RFC 9180) in base mode, from ``cryptography`` (since 47.0): it is in our pins already for AES-GCM and
Ed25519, and is well kept; ``tink`` would bring Protocol Buffers and a second cryptographic library for this
one operation. The suite is DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM. A record says which suite it
uses, so that another (a post-quantum one, say) can follow by rewrapping.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from safelight.errors import KeyRecordDamaged, UsageError, WrappingKeyMissing
from safelight.vault.object_key import KEY_BYTES, ObjectKey

_X25519_SHA256_AES256GCM: Final = b"\x01"
_SUITE: Final = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
_INFO: Final = b"safelight.vault/1 object key "
_ID_BYTES: Final = 8
_ENCAPSULATED: Final = 32
_WRAPPED_BYTES: Final = _ENCAPSULATED + KEY_BYTES + 16


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """The wrapped key of one object, kept apart from the object's bytes.

    ``wrapping_key`` is the id of the key pair it is wrapped to; ``wrapped`` is the HPKE encapsulation and
    ciphertext, which open only for this object id.
    """

    object_id: UUID
    wrapping_key: str
    wrapped: bytes = field(repr=False)

    def to_bytes(self) -> bytes:
        """Suite (1) ‖ wrapping key id (8) ‖ wrapped key (80), for one database column."""
        return _X25519_SHA256_AES256GCM + bytes.fromhex(self.wrapping_key) + self.wrapped

    @classmethod
    def parse(cls, object_id: UUID, raw: bytes) -> KeyRecord:
        """Read :meth:`to_bytes` back. Raises :class:`~safelight.errors.KeyRecordDamaged`."""
        if not raw.startswith(_X25519_SHA256_AES256GCM) or len(raw) != 1 + _ID_BYTES + _WRAPPED_BYTES:
            raise KeyRecordDamaged(
                f"The key record of object {object_id} was altered or cut, or is of a newer Safelight. "
                "Restore the database from a backup, or upgrade."
            )
        return cls(object_id, raw[1 : 1 + _ID_BYTES].hex(), raw[1 + _ID_BYTES :])


class SealingKey:
    """The public half: wraps object keys and can do nothing else. This is all that intake holds."""

    def __init__(self, public: bytes) -> None:
        """From the 32 bytes of an X25519 public key."""
        self._key = X25519PublicKey.from_public_bytes(public)
        self.public = public
        self.id = hashlib.sha256(b"safelight.vault/1 wrapping key " + public).digest()[:_ID_BYTES].hex()

    def wrap(self, key: ObjectKey, object_id: UUID) -> KeyRecord:
        """Seal an object's key to this public key, bound to the object's id."""
        return KeyRecord(object_id, self.id, _SUITE.encrypt(key.secret, self._key, info=_bound_to(object_id)))


class WrappingKey:
    """A key pair. Its 32 secret bytes are stored sealed under a subkey of the root key, never in a backup."""

    def __init__(self, secret: bytes) -> None:
        """From the 32 bytes of an X25519 private key."""
        self._key = X25519PrivateKey.from_private_bytes(secret)
        self.sealing_key = SealingKey(self._key.public_key().public_bytes_raw())
        self.id = self.sealing_key.id

    def __repr__(self) -> str:
        return f"WrappingKey(id={self.id!r})"

    @classmethod
    def generate(cls) -> WrappingKey:
        """A new pair from the operating system's random source."""
        return cls(X25519PrivateKey.generate().private_bytes_raw())

    def secret(self) -> bytes:
        """The private bytes, for sealing them at rest."""
        return self._key.private_bytes_raw()

    def unwrap(self, record: KeyRecord) -> ObjectKey:
        """The object's key. Raises :class:`~safelight.errors.KeyRecordDamaged`."""
        try:
            return ObjectKey(_SUITE.decrypt(record.wrapped, self._key, info=_bound_to(record.object_id)))
        except (InvalidTag, ValueError):
            raise KeyRecordDamaged(
                f"The key record of object {record.object_id} was altered or belongs to another object. "
                "Restore the database from a backup."
            ) from None


class Keeper:
    """Holds the private keys and opens key records. One process has it: the vault.

    After a rotation it holds the new pair and the old ones until every record has been rewrapped. Dropping an
    old pair then makes every old copy of a record worthless, in backups and database logs too.
    """

    def __init__(self, keys: Iterable[WrappingKey]) -> None:
        """The first key is the current one: records are rewrapped to it."""
        self._keys = {key.id: key for key in keys}
        if not self._keys:
            raise UsageError("The vault needs a wrapping key. Create one before evidence is sealed.")
        self._current = next(iter(self._keys.values()))

    @property
    def sealing_key(self) -> SealingKey:
        """The public half of the current key, for intake."""
        return self._current.sealing_key

    @property
    def ids(self) -> frozenset[str]:
        """The ids of every pair that is held."""
        return frozenset(self._keys)

    def unwrap(self, record: KeyRecord) -> ObjectKey:
        """An object's key.

        Raises :class:`~safelight.errors.WrappingKeyMissing` or :class:`~safelight.errors.KeyRecordDamaged`.
        """
        key = self._keys.get(record.wrapping_key)
        if key is None:
            raise WrappingKeyMissing(
                f"Object {record.object_id} needs wrapping key {record.wrapping_key}, which this process "
                "does not hold. Restore the vault's key file from your copy."
            )
        return key.unwrap(record)

    def is_current(self, record: KeyRecord) -> bool:
        """Whether a record is wrapped to the current key."""
        return record.wrapping_key == self._current.id

    def rewrap(self, record: KeyRecord) -> KeyRecord:
        """The same object key, wrapped to the current key. The sealed bytes stay as they are."""
        return self.sealing_key.wrap(self.unwrap(record), record.object_id)


def _bound_to(object_id: UUID) -> bytes:
    return _INFO + object_id.bytes
