"""Equal hashes are equal text, whatever case they arrive in, and errors never repeat them."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safelight.values import HEX_BITS, SIGNAL_TYPES, SOUND_TYPES, canonical, degenerate, pack, unpack


@given(st.sampled_from(SIGNAL_TYPES), st.data())
def test_upper_and_lower_case_are_one_value(signal_type: str, data: st.DataObject) -> None:
    size = data.draw(st.sampled_from(sizes(signal_type)))
    raw = data.draw(st.binary(min_size=size, max_size=size))
    assert canonical(signal_type, f"  {raw.hex().upper()}\n") == raw.hex()
    assert unpack(signal_type, pack(signal_type, raw.hex())) == raw.hex()


@given(st.sampled_from(SIGNAL_TYPES), st.text(max_size=70))
def test_what_is_no_hash_is_refused_without_being_repeated(signal_type: str, text: str) -> None:
    try:
        value = canonical(signal_type, text)
    except ValueError as error:
        assert len(text) < 10 or text not in str(error)  # noqa: PT017 - both outcomes are sound
    else:
        assert len(value) // 2 in sizes(signal_type)


def sizes(signal_type: str) -> list[int]:
    """How many bytes a value may have; some of the lengths of fingerprints of sounds."""
    return [44, 48, 160, 16384] if signal_type in SOUND_TYPES else [HEX_BITS[signal_type] // 8]


@pytest.mark.parametrize("digits", [0, 80, 87, 89, 92, 8 * 4097])
def test_a_fingerprint_of_a_sound_has_11_to_4096_items(digits: int) -> None:
    with pytest.raises(ValueError, match="has 8 for each of 11 to 4096 items"):
        pack("chromaprint", "a" * digits)


@pytest.mark.parametrize("inner", [" ", "\t", "\n"])
def test_white_space_inside_a_value_is_not_skipped(inner: str) -> None:
    text = "ab" * 15 + inner + "c"
    with pytest.raises(ValueError, match="no hexadecimal digit"):
        pack("md5", text)


def test_an_unknown_signal_type_is_refused() -> None:
    with pytest.raises(ValueError, match="md5, pdq, sha1, sha256"):
        canonical("crc32", "00000000")


@pytest.mark.parametrize("signal_type", ["md5", "sha1", "sha256"])
def test_the_digest_of_an_empty_file_is_degenerate(signal_type: str) -> None:
    assert degenerate(signal_type, hashlib.new(signal_type, b"").digest())
    assert degenerate(signal_type, hashlib.new(signal_type, b"x").digest()) is None


@pytest.mark.parametrize("signal_type", SIGNAL_TYPES)
@pytest.mark.parametrize("byte", [b"\x00", b"\xff"])
def test_a_placeholder_is_degenerate(signal_type: str, byte: bytes) -> None:
    assert degenerate(signal_type, byte * sizes(signal_type)[0])
