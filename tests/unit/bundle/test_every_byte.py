"""Every byte of a bundle, changed in turn, is noticed: by the seal, or by what is within once resealed."""

from __future__ import annotations

import io
from typing import Any

import pyrage
import pytest

from safelight.bundle.reading import verify_bundle
from safelight.bundle.signing import BundleVerifier
from safelight.errors import BundleDamaged, BundleError


def _holds(raw: bytes, maker: Any) -> bool:
    try:
        told = maker.signer.verifier.fingerprint
        return verify_bundle(io.BytesIO(raw), maker.identity, signer=told).is_trusted
    except BundleError:
        return False


def test_every_byte_of_the_sealed_file(maker: Any) -> None:
    maker.files, maker.context = (b"a benign file\n",), None
    raw, _ = maker.made()
    assert _holds(raw, maker)
    for place in range(len(raw)):
        changed = bytearray(raw)
        changed[place] ^= 1 << place % 8
        assert not _holds(bytes(changed), maker), f"byte {place} of {len(raw)}"


@pytest.mark.parametrize("cut", [0, 1, 16, 17, 500, -1, -16, -17])
def test_a_part_of_it_is_noticed(maker: Any, cut: int) -> None:
    raw, _ = maker.made()
    assert not _holds(raw[:cut], maker)


@pytest.mark.parametrize("added", [b"\0", b"\n", b"x" * 65_552])
def test_bytes_after_it_are_noticed(maker: Any, added: bytes) -> None:
    raw, _ = maker.made()
    assert not _holds(raw + added, maker)


def _resealed(plain: bytes, maker: Any) -> bytes:
    """As whoever knows the recipient's public key could do it: the signature within has to tell."""
    return pyrage.encrypt(plain, [maker.recipient.age()])


def _tampered_places(maker: Any, stride: int) -> tuple[int, list[int]]:
    maker.files, maker.context = (b"a benign file\n",), None
    raw, _ = maker.made()
    plain = pyrage.decrypt(raw, [maker.identity])
    assert _holds(_resealed(plain, maker), maker)
    missed = []
    for place in range(0, len(plain), stride):
        changed = bytearray(plain)
        changed[place] ^= 1 << place % 8
        if _holds(_resealed(bytes(changed), maker), maker):
            missed.append(place)
    return len(plain), missed


def test_bytes_within_a_resealed_bundle_are_noticed(maker: Any) -> None:
    # A prime, so that every kind of place is met; the slow trial meets every byte.
    assert _tampered_places(maker, 61)[1] == []


def test_every_bit_of_a_public_key_is_another_key_or_said_to_be_none(maker: Any) -> None:
    whole = maker.signer.verifier.to_pem()
    for bit in range(8 * len(whole)):
        changed = bytearray(whole)
        changed[bit // 8] ^= 1 << bit % 8
        try:
            other = BundleVerifier.parse(bytes(changed))
        except BundleDamaged:
            continue
        assert other.public != maker.signer.verifier.public, f"bit {bit}"


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_every_byte_within_a_resealed_bundle(maker: Any) -> None:
    bytes_, missed = _tampered_places(maker, 1)
    print(f"\nFIGURE bundle_bytes_tampered {bytes_}")
    print(f"FIGURE bundle_tampering_missed {len(missed)}")
    assert missed == []


def test_a_bundle_that_somebody_else_made_is_noticed(maker: Any) -> None:
    """Whoever makes a bundle of their own signs it with a key of their own."""
    from safelight.bundle.signing import BundleSigner

    honest = maker.signer.verifier.fingerprint
    maker.signer = BundleSigner(bytes(reversed(range(32))))
    raw, _ = maker.made()
    found = verify_bundle(io.BytesIO(raw), maker.identity, signer=honest)
    assert not found.is_whole


def test_a_chain_of_custody_that_the_ledger_does_not_have_is_told(maker: Any) -> None:
    _, (step,) = maker.ledger()
    maker.changes = {"custody": (step.model_copy(update={"event": "vault.destroyed"}),)}
    raw, _ = maker.made()
    found = verify_bundle(io.BytesIO(raw), maker.identity)
    assert any("chain of custody" in problem for problem in found.problems)
