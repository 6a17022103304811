"""The random key of one object, and what is derived from it; destroying it destroys the object."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES: Final = 32

_CONTENT: Final = b"safelight.vault/1 content"
_IDENTITY: Final = b"safelight.vault/1 identity"


@dataclass(frozen=True, slots=True)
class ObjectKey:
    """256 random bits that seal one object. Python cannot wipe memory, so do not keep it beyond its use."""

    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.secret) != KEY_BYTES:
            raise ValueError(f"an object key has {KEY_BYTES} bytes")

    @classmethod
    def generate(cls) -> ObjectKey:
        """A new key from the operating system's random source."""
        return cls(os.urandom(KEY_BYTES))

    def cipher(self, object_id: UUID) -> AESGCM:
        """AES-256-GCM under the subkey that seals the content of this object."""
        return AESGCM(self._subkey(object_id, _CONTENT))

    def identity(self, object_id: UUID) -> bytes:
        """32 bytes that name the key in clear and commit to it.

        AES-GCM alone does not commit to its key: one ciphertext can be made to open under two keys. With
        this in the authenticated header, an object has exactly one content.
        """
        return self._subkey(object_id, _IDENTITY)

    def _subkey(self, object_id: UUID, label: bytes) -> bytes:
        return HKDF(SHA256(), KEY_BYTES, salt=object_id.bytes, info=label).derive(self.secret)
