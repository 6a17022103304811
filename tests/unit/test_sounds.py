"""What tells one sound from others, and what does not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from safelight.sounds import Items, entropies, items_of, packed, tells

MANY = np.random.default_rng(1).integers(0, 1 << 32, 100, dtype=np.uint32)


@given(st.lists(st.integers(0, (1 << 32) - 1), max_size=30), st.integers(1, 8))
def test_the_entropy_of_a_window_is_the_mean_over_its_bits(values: list[int], width: int) -> None:
    items = np.array(values, dtype=np.uint32)
    found = entropies(items, width)
    assert len(found) == max(0, len(values) - width + 1)
    for at, entropy in enumerate(found):
        assert entropy == pytest.approx(entropy_of(values[at : at + width]), abs=1e-5)


def entropy_of(values: list[int]) -> float:
    shares = [sum(value >> bit & 1 for value in values) / len(values) for bit in range(32)]
    return sum(-p * np.log2(p) - (1 - p) * np.log2(1 - p) if 0 < p < 1 else 0 for p in shares) / 32


@pytest.mark.parametrize("length", [11, 39, 40, 100])
def test_what_changes_tells_and_what_stays_does_not(length: int) -> None:
    assert tells(MANY[:length])
    assert not tells(np.repeat(MANY[:1], length))
    assert not tells(MANY[:length] & np.uint32(0xFF))  # most bits never change


def test_one_telling_window_is_enough() -> None:
    still: Items = np.repeat(MANY[:1], 1000)
    assert tells(np.concatenate([still, MANY[:40], still]))


def test_items_are_written_most_significant_byte_first() -> None:
    assert packed(np.array([1, 0xA0B0C0D0], dtype=np.uint32)).hex() == "00000001a0b0c0d0"
    assert items_of(packed(MANY)).tolist() == MANY.tolist()
    with pytest.raises(ValueError, match="multiple"):
        items_of(b"12345")
