"""A sealed value opens only with its key, unaltered, in its place."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safelight.errors import KeyMismatch
from safelight.keys import Keyring, Purpose, RootKey, Sealer, Tagger, sealed_with

RING = Keyring.generate("workspace")
SEALER = Sealer(RING, Purpose.LIST_VALUE_SEAL)


@given(st.binary(max_size=100), st.binary(min_size=1, max_size=100))
def test_what_was_sealed_opens_in_its_place(value: bytes, place: bytes) -> None:
    assert SEALER.open(SEALER.seal(value, place), place) == value


@given(st.data())
def test_a_single_altered_bit_is_noticed(data: st.DataObject) -> None:
    sealed = bytearray(SEALER.seal(b"value", b"place"))
    sealed[data.draw(st.integers(0, len(sealed) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(KeyMismatch):
        SEALER.open(bytes(sealed), b"place")


@pytest.mark.parametrize("length", range(45))
def test_a_value_cut_short_is_noticed(length: int) -> None:
    sealed = SEALER.seal(b"12345678", b"place")
    with pytest.raises(KeyMismatch):
        SEALER.open(sealed[:length], b"place")


def test_a_value_moved_to_another_place_is_noticed() -> None:
    with pytest.raises(KeyMismatch, match="altered or moved"):
        SEALER.open(SEALER.seal(b"value", b"place"), b"other place")


def test_a_value_must_belong_somewhere() -> None:
    with pytest.raises(ValueError, match="bound"):
        SEALER.seal(b"value", b"")


def test_nonces_are_never_used_twice() -> None:
    nonces = {SEALER.seal(b"value", b"place")[9:21] for _ in range(2000)}
    assert len(nonces) == 2000


def test_an_unknown_key_is_named_with_what_to_do() -> None:
    other = Keyring.generate("workspace")
    sealed = Sealer(other, Purpose.LIST_VALUE_SEAL).seal(b"value", b"place")
    with pytest.raises(KeyMismatch, match=rf"{other.primary_id}.*Restore the key file"):
        SEALER.open(sealed, b"place")


def test_after_a_rotation_old_values_open_and_new_ones_use_the_new_key() -> None:
    rotated = RING.with_primary(RootKey.generate())
    sealer = Sealer(rotated, Purpose.LIST_VALUE_SEAL)
    assert sealer.open(SEALER.seal(b"old", b"place"), b"place") == b"old"
    assert sealed_with(sealer.seal(b"new", b"place")) == rotated.primary_id != RING.primary_id


def test_no_two_purposes_keys_or_workspaces_share_a_subkey() -> None:
    other = Keyring("another workspace", RING.keys, RING.primary_id)
    subkeys = [ring.subkey(purpose) for ring in (RING, other, Keyring.generate("w")) for purpose in Purpose]
    assert len({*subkeys}) == 3 * len(Purpose)
    assert {len(subkey) for subkey in subkeys} == {32}
    sealed = Sealer(RING, Purpose.SCAN_STATE).seal(b"value", b"place")
    with pytest.raises(KeyMismatch):
        SEALER.open(sealed, b"place")


def test_subkeys_stay_the_same_for_ever() -> None:
    """Written down once: a change here makes every workspace in the field unreadable."""
    key = RootKey(bytes(range(32)), datetime(2026, 1, 1, tzinfo=UTC))
    ring = Keyring("0197f0a0-0000-7000-8000-000000000000", (key,), key.id)
    assert key.id == "d188d6b456545cba"
    assert ring.subkey(Purpose.INDEX_LAYOUT).hex().startswith("8fdfc5f4599a9cff")
    assert Tagger(ring, Purpose.LIST_VALUE_LOOKUP).tag(b"message").hex() == "9bff168a9f1d72fd4051b4eb6629b536"


def test_tags_are_equal_for_equal_values_under_one_key_only() -> None:
    tagger = Tagger(RING, Purpose.LIST_VALUE_LOOKUP)
    assert tagger.tag(b"a") == tagger.tag(b"a") != tagger.tag(b"b")
    assert tagger.tag(b"a") != Tagger(Keyring.generate("workspace"), Purpose.LIST_VALUE_LOOKUP).tag(b"a")


def test_key_material_is_in_no_repr() -> None:
    secret = RING.keys[0].secret
    for text in (repr(RING), repr(RING.keys), str(RING.keys[0])):
        assert secret.hex() not in text
        assert repr(secret)[2:-1] not in text
