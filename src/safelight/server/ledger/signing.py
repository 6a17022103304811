"""Which key signs this ledger's heads, and which keys signed before it."""

from __future__ import annotations

from safelight.keys import Purpose
from safelight.ledger.heads import HeadSigner, HeadVerifier
from safelight.server.secrets import process_keys


def origin() -> str:
    """Whose ledger this is, as its heads say."""
    return f"safelight/{process_keys().workspace}"


def signer(root_key: str | None = None) -> HeadSigner:
    """The key that signs, derived from the primary root key unless another is named."""
    return HeadSigner(origin(), process_keys().subkey(Purpose.LEDGER_SIGNING, root_key))


def verifiers() -> tuple[HeadVerifier, ...]:
    """The public halves of every signing key whose root key is still held, the present one first."""
    return tuple(signer(root_key).verifier for root_key in process_keys().ids_in_order())
