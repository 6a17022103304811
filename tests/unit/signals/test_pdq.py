"""What the PDQ kernel computed becomes a signal, or the reason for having none."""

from __future__ import annotations

import numpy as np
import pytest

from safelight.native import _pdq
from safelight.signals.pdq import PDQ, pdq_signal
from safelight.types import Part, Signal, Unhashable, UnhashableReason

HASHES = tuple(bytes([n]) * 32 for n in range(8))


def test_a_picture_with_enough_gradients_is_a_signal():
    part = Part().select(frame=3)
    signal = pdq_signal(HASHES, 50, 640, 480, part)
    assert signal == Signal("pdq", "00" * 32, 50, part, tuple(each.hex() for each in HASHES[1:]))
    assert isinstance(signal, Signal)
    assert [PDQ.canonical(each) for each in (signal.value, *signal.variants)]


def test_a_plain_picture_has_no_hash_to_compare():
    assert pdq_signal(HASHES, 49, 640, 480) == Unhashable("pdq", UnhashableReason.TOO_PLAIN, 49)


@pytest.mark.parametrize("size", [(4, 480), (640, 4), (1, 1)])
def test_a_picture_below_five_pixels_has_no_hash(size):
    assert pdq_signal((bytes(32),) * 8, 0, *size) == Unhashable("pdq", UnhashableReason.TOO_SMALL)


@pytest.mark.parametrize(
    ("hashes", "quality"), [(HASHES[:7], 80), ((*HASHES[:7], b"short"), 80), (HASHES, 101), (HASHES, -1)]
)
def test_what_no_sound_decoder_answers_is_refused(hashes, quality):
    with pytest.raises(ValueError, match="PDQ"):
        pdq_signal(hashes, quality, 640, 480)


def test_the_example_is_the_hash_of_rings_that_anyone_can_draw():
    x, y = np.arange(256)[None, :], np.arange(256)[:, None]
    rings = (((x - 100) ** 2 + (y - 150) ** 2) // 40 % 256).astype(np.uint8)
    hashes, quality, _ = _pdq.hash(rings, 256, 256, 1)
    assert quality == 100
    assert PDQ.examples() == (hashes[0].hex(),)
