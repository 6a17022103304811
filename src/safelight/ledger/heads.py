"""Signed tree heads: who holds one can prove later that nothing before it was changed.

A head is a *checkpoint* as transparency logs write it (C2SP ``tlog-checkpoint`` in a ``signed-note`` with
Ed25519), so that the tools of that world can read and verify it::

    ledger.example.org/0190f0b2            the origin: whose ledger
    1042                                   how many rows
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=
    time 2026-03-01T12:00:00.000000Z

    — ledger.example.org/0190f0b2 Az3grlgt…
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from safelight.errors import LedgerMalformed
from safelight.ledger.tree import HASH_BYTES

_ED25519: Final = b"\x01"
_ID_BYTES: Final = 4
_TIME: Final = "%Y-%m-%dT%H:%M:%S.%fZ"
_ORIGIN: Final = re.compile(r"[A-Za-z0-9./_:-]{1,200}", re.ASCII)


@dataclass(frozen=True, slots=True)
class TreeHead:
    """The state of a ledger: whose, how many rows, their root, and when that was."""

    origin: str
    size: int
    root: bytes
    at: datetime

    def __post_init__(self) -> None:
        if not _ORIGIN.fullmatch(self.origin) or self.size < 0 or len(self.root) != HASH_BYTES:
            raise LedgerMalformed("This is not the state of a ledger.")
        if self.at.tzinfo is None:
            raise LedgerMalformed("A tree head's time needs its time zone.")

    def to_text(self) -> str:
        """The text that is signed."""
        root = base64.b64encode(self.root).decode()
        return f"{self.origin}\n{self.size}\n{root}\ntime {self.at.astimezone(UTC).strftime(_TIME)}\n"


@dataclass(frozen=True, slots=True)
class SignedHead:
    """A tree head, the id of the key that signed it (8 hexadecimal digits), and the signature (64 bytes)."""

    head: TreeHead
    key_id: str
    signature: bytes

    def to_text(self) -> str:
        """The checkpoint, as it is written elsewhere."""
        signature = base64.b64encode(bytes.fromhex(self.key_id) + self.signature).decode()
        return f"{self.head.to_text()}\n— {self.head.origin} {signature}\n"

    @classmethod
    def parse(cls, text: str) -> SignedHead:
        """Read :meth:`to_text` back, and nothing else. Raises :class:`~safelight.errors.LedgerMalformed`."""
        try:
            origin, size, root, time, _, line, _ = text.split("\n")
            _, _, blob = line.split(" ")
            signed = base64.b64decode(blob, validate=True)
            at = datetime.strptime(time, f"time {_TIME}").replace(tzinfo=UTC)
            head = TreeHead(origin, int(size), base64.b64decode(root, validate=True), at)
        except (ValueError, binascii.Error):
            raise LedgerMalformed("This is not a signed tree head.") from None
        found = cls(head, signed[:_ID_BYTES].hex(), signed[_ID_BYTES:])
        if found.to_text() != text or len(found.signature) != 64:
            raise LedgerMalformed("A signed tree head is not in its one canonical form.")
        return found


class HeadVerifier:
    """The public half of a signing key, under the origin that it signs for."""

    def __init__(self, origin: str, public: bytes) -> None:
        """From the 32 bytes of an Ed25519 public key."""
        self._key = Ed25519PublicKey.from_public_bytes(public)
        self.origin = origin
        self.public = public
        self.key_id = hashlib.sha256(f"{origin}\n".encode() + _ED25519 + public).digest()[:_ID_BYTES].hex()

    def to_text(self) -> str:
        """The key as signed notes write it: ``origin+id+key``. Publish it where the ledger cannot reach."""
        return f"{self.origin}+{self.key_id}+{base64.b64encode(_ED25519 + self.public).decode()}"

    @classmethod
    def parse(cls, text: str) -> HeadVerifier:
        """Read :meth:`to_text` back. Raises :class:`~safelight.errors.LedgerMalformed`."""
        try:
            origin, _, key = text.split("+", 2)
            verifier = cls(origin, base64.b64decode(key, validate=True)[1:])
        except (ValueError, binascii.Error):
            raise LedgerMalformed("This is not a ledger's public key.") from None
        if verifier.to_text() != text:
            raise LedgerMalformed("A ledger's public key does not fit its own id.")
        return verifier

    def has_signed(self, signed: SignedHead) -> bool:
        """Whether this key signed this head for this origin."""
        if (signed.key_id, signed.head.origin) != (self.key_id, self.origin):
            return False
        try:
            self._key.verify(signed.signature, signed.head.to_text().encode())
        except InvalidSignature:
            return False
        return True


class HeadSigner:
    """A signing key. The sequencer holds it; its 32 secret bytes are stored sealed under the root key."""

    def __init__(self, origin: str, secret: bytes) -> None:
        """From the 32 bytes of an Ed25519 private key."""
        self._key = Ed25519PrivateKey.from_private_bytes(secret)
        self.verifier = HeadVerifier(origin, self._key.public_key().public_bytes_raw())

    @classmethod
    def generate(cls, origin: str) -> HeadSigner:
        """A new key from the operating system's random source."""
        return cls(origin, Ed25519PrivateKey.generate().private_bytes_raw())

    def secret(self) -> bytes:
        """The private bytes, for sealing them at rest."""
        return self._key.private_bytes_raw()

    def sign(self, size: int, root: bytes, at: datetime) -> SignedHead:
        """The signed head of a tree."""
        head = TreeHead(self.verifier.origin, size, root, at)
        return SignedHead(head, self.verifier.key_id, self._key.sign(head.to_text().encode()))


def is_signed_by_any(signed: SignedHead, verifiers: Iterable[HeadVerifier]) -> bool:
    """Whether one of the keys, of before and after a rotation, signed this head."""
    return any(verifier.has_signed(signed) for verifier in verifiers)
