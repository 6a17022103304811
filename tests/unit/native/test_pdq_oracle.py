"""Our PDQ is the reference implementation's: distance 0 and the same quality, for every picture and size."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from safelight.native import _pdq

SIZES = (
    (5, 5), (5, 8), (6, 5), (7, 31), (17, 64), (63, 63), (63, 65), (64, 63), (65, 64), (65, 65), (127, 127), (127, 129),
    (128, 128), (129, 128), (130, 127), (191, 193), (256, 255), (257, 256), (384, 512), (509, 383), (640, 480), (5, 4000),
    (4000, 5), (64, 3000), (1279, 721), (1280, 960),
)  # fmt: skip


def hashed(pixels, oracle):
    height, width = pixels.shape[:2]
    channels = 1 if pixels.ndim == 2 else 3
    expected = oracle(pixels)
    for how in (_pdq.hash, _pdq.hash_reference):
        hashes, quality, _ = how(np.ascontiguousarray(pixels), width, height, channels)
        same = len(expected.hashes)  # one alone where the reference has no variants
        assert (hashes[:same], quality) == (expected.hashes, expected.quality), (how, width, height, channels)


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_photographs_of_every_size(size, photographs, resized, oracle):
    for pixels in photographs.values():
        hashed(resized(pixels, *size), oracle)


@pytest.mark.parametrize("size", SIZES[:-1], ids=str)
def test_drawings_of_every_size(size, drawers, oracle):
    rng = np.random.default_rng(size)
    for draw in drawers.values():
        pixels = draw(*size, rng)
        hashed(pixels, oracle)
        hashed(pixels[:, :, 1], oracle)


def test_photographs_as_they_are(photographs, oracle):
    for pixels in photographs.values():
        hashed(pixels, oracle)
        if pixels.ndim == 3:
            hashed(pixels[:, :, 0], oracle)


def test_edited_photographs(shared_data, oracle):
    files = sorted((shared_data / "pdq").rglob("*.*"))
    assert files
    for file in files:
        with Image.open(file) as image:
            hashed(np.asarray(image.convert("RGB")), oracle)


@pytest.mark.parametrize("name", ["coffee", "rocket", "page"])
def test_twelve_megapixels(name, photographs, resized, oracle):
    hashed(resized(photographs[name], 4000, 3000), oracle)


def test_sixty_four_pixels_square_are_taken_as_they_are(photographs, resized, oracle):
    for pixels in photographs.values():
        hashed(resized(pixels, 64, 64), oracle)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    width=st.integers(5, 700),
    height=st.integers(5, 700),
    drawer=st.integers(0, 10),
    seed=st.integers(0, 2**32 - 1),
    grey=st.booleans(),
)
def test_any_picture(width, height, drawer, seed, grey, drawers, oracle):
    pixels = list(drawers.values())[drawer](width, height, np.random.default_rng(seed))
    hashed(pixels[:, :, 1] if grey else pixels, oracle)


def test_luma_of_every_colour_rounds_as_the_reference():
    """Our luma is an integer divided once; the reference's is a sum in double. All 2^24 colours agree."""
    red, green = np.meshgrid(np.arange(256.0), np.arange(256.0))
    for blue in range(256):
        reference = ((red * 0.299 + green * 0.587) + blue * 0.114).astype(np.float32)
        ours = (299 * red + 587 * green + 114 * blue).astype(np.float32) / np.float32(1000)
        assert np.array_equal(ours, reference), blue


@pytest.mark.parametrize(("width", "height"), product((1, 4, 5, 64), (1, 4)))
def test_a_side_below_five_pixels_has_no_hash(width, height, oracle):
    pixels = np.full((height, width, 3), 200, np.uint8)
    hashes, quality, certain = _pdq.hash(pixels, width, height, 3)
    assert (hashes, quality, certain) == ((bytes(32),) * 8, 0, True)
