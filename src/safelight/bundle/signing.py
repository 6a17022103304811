"""Who made a bundle: an Ed25519 signature, because encryption says nothing of the sender."""

from __future__ import annotations

import base64
import hashlib

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from safelight.errors import BundleDamaged


class BundleVerifier:
    """The public half of a signing key."""

    def __init__(self, public: bytes) -> None:
        """From the 32 bytes of an Ed25519 public key."""
        self._key = Ed25519PublicKey.from_public_bytes(public)
        self.public = public

    @property
    def fingerprint(self) -> str:
        """``SHA256:`` and 43 characters over the key's DER form, which ``openssl pkey -pubin`` gives too."""
        encoded = self._key.public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return "SHA256:" + base64.b64encode(hashlib.sha256(encoded).digest()).decode().rstrip("=")

    def to_pem(self) -> bytes:
        """The key as OpenSSL reads it."""
        return self._key.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    @classmethod
    def parse(cls, pem: bytes) -> BundleVerifier:
        """Read :meth:`to_pem` back, and nothing else. Raises :class:`~safelight.errors.BundleDamaged`."""
        try:
            key = serialization.load_pem_public_key(pem)
        except (ValueError, UnsupportedAlgorithm):
            raise BundleDamaged("The public key in the bundle is none.") from None
        if not isinstance(key, Ed25519PublicKey):
            raise BundleDamaged("The public key in the bundle is not an Ed25519 key.")
        found = cls(key.public_bytes_raw())
        if found.to_pem() != pem:
            raise BundleDamaged("The public key in the bundle is not in its one canonical form.")
        return found

    def has_signed(self, signature: bytes, text: bytes) -> bool:
        """Whether this key signed the text."""
        try:
            self._key.verify(signature, text)
        except InvalidSignature:
            return False
        return True


class BundleSigner:
    """A signing key; its 32 secret bytes are a subkey of the workspace's root key."""

    def __init__(self, secret: bytes) -> None:
        """From the 32 bytes of an Ed25519 private key."""
        self._key = Ed25519PrivateKey.from_private_bytes(secret)
        self.verifier = BundleVerifier(self._key.public_key().public_bytes_raw())

    def sign(self, text: bytes) -> bytes:
        """64 bytes."""
        return self._key.sign(text)
