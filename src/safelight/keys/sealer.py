"""Sealing of small values: authenticated, bound to where they belong, marked with the key that opens them.

A sealed value is ``format (1) ‖ root key id (8) ‖ nonce (12) ‖ ciphertext ‖ tag (16)``: AES-256-GCM under a
labelled subkey, with a random nonce. NIST SP 800-38D allows 2³² messages a key with random nonces; rotate
before a workspace has sealed that many. Format byte and key id are authenticated with the associated data.
"""

from __future__ import annotations

import hmac
import os
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from safelight.errors import KeyMismatch
from safelight.keys.keyring import ID_BYTES, Ring
from safelight.keys.purposes import Purpose

FORMAT: Final = b"\x01"
_HEADER: Final = len(FORMAT) + ID_BYTES
_NONCE: Final = 12
_TAG: Final = 16
_NONCES_AHEAD: Final = 256

OVERHEAD: Final = _HEADER + _NONCE + _TAG
"""Bytes that sealing adds to a value."""

LOOKUP_BYTES: Final = 16
"""Length of a look-up tag: HMAC-SHA256 cut to half, the least that RFC 2104 §5 advises."""


def sealed_with(sealed: bytes) -> str:
    """The id of the root key that a sealed value needs."""
    return sealed[len(FORMAT) : _HEADER].hex()


class Sealer:
    """Seals under one root key and opens under every key of the ring. Safe to use from several threads."""

    def __init__(self, keyring: Ring, purpose: Purpose, key_id: str | None = None) -> None:
        """Seal with the ring's primary key, or with another of its keys."""
        self._header = FORMAT + bytes.fromhex(keyring.primary_id if key_id is None else key_id)
        self._ciphers = {
            FORMAT + bytes.fromhex(id_): AESGCM(keyring.subkey(purpose, id_)) for id_ in keyring.ids()
        }
        self._cipher = self._ciphers[self._header]
        self._nonces: list[bytes] = []

    def _nonce(self) -> bytes:
        try:
            return self._nonces.pop()
        except IndexError:
            # One system call for many nonces: a million values are sealed in one import.
            pool = os.urandom(_NONCE * _NONCES_AHEAD)
            fresh = [pool[i : i + _NONCE] for i in range(0, len(pool), _NONCE)]
            nonce = fresh.pop()
            self._nonces.extend(fresh)
            return nonce

    def seal(self, plaintext: bytes, associated: bytes) -> bytes:
        """Seal a value. ``associated`` says where it belongs and must be the same to open it."""
        if not associated:
            raise ValueError("a sealed value must be bound to something")
        nonce = self._nonce()
        return self._header + nonce + self._cipher.encrypt(nonce, plaintext, self._header + associated)

    def open(self, sealed: bytes, associated: bytes) -> bytes:
        """The value. Raises :class:`~safelight.errors.KeyMismatch` for an unknown key or an altered value."""
        header = sealed[:_HEADER]
        cipher = self._ciphers.get(header)
        if cipher is None or len(sealed) < OVERHEAD:
            raise KeyMismatch(_why_not(sealed))
        try:
            return cipher.decrypt(
                sealed[_HEADER : _HEADER + _NONCE], sealed[_HEADER + _NONCE :], header + associated
            )
        except InvalidTag:
            raise KeyMismatch(
                "A sealed value was altered or moved since it was written, and was not used. "
                "Run `safelight lists verify`, then restore the workspace from a backup."
            ) from None


def _why_not(sealed: bytes) -> str:
    if len(sealed) < OVERHEAD:
        return "A sealed value is cut short, and was not used. Restore the workspace from a backup."
    if not sealed.startswith(FORMAT):
        return "A sealed value was written by a newer Safelight. Upgrade Safelight to read it."
    return (
        f"A value was sealed with root key {sealed_with(sealed)}, which the key file does not hold. "
        "Restore the key file from your copy; `safelight keys check` shows which keys are there."
    )


class Tagger:
    """Look-up tags: equal values have equal tags, and a tag tells nothing without the key."""

    def __init__(self, keyring: Ring, purpose: Purpose, key_id: str | None = None) -> None:
        """Tag with the ring's primary key, or with another of its keys."""
        self._key = keyring.subkey(purpose, key_id)

    def tag(self, message: bytes) -> bytes:
        """HMAC-SHA256 of a message, cut to :data:`LOOKUP_BYTES`."""
        return hmac.digest(self._key, message, "sha256")[:LOOKUP_BYTES]
