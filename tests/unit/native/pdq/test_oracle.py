"""Our PDQ is the reference implementation's: distance 0 and the same quality, for every picture and size."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pdq_pictures import DRAWERS, DRAWN, PHOTOGRAPHS, Hashed, Pixels, photograph, reference, resized
from PIL import Image

from safelight.native import _pdq

SIZES = [
    *((5, 5), (5, 8), (6, 5), (7, 31), (17, 64), (63, 63), (63, 65), (64, 63), (65, 64), (65, 65)),
    *((127, 127), (127, 129), (128, 128), (129, 128), (130, 127), (191, 193), (256, 255), (257, 256)),
    *((384, 512), (509, 383), (640, 480), (5, 4000), (4000, 5), (64, 3000), (1279, 721), (7, 20_000)),
    *((20_000, 7),),
]


def hashes_as_the_reference(pixels: Pixels) -> None:
    height, width = pixels.shape[:2]
    expected = reference(pixels)
    same = len(expected.hashes)
    for how in (_pdq.hash, _pdq.hash_reference):
        hashes, quality, _ = how(np.ascontiguousarray(pixels), width, height, 1 if pixels.ndim == 2 else 3)
        assert Hashed(hashes[:same], quality) == expected, (how, width, height)


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_photographs_of_every_size(size: tuple[int, int]) -> None:
    for name in ("coffee", "chelsea", "coins", "rocket", "hubble_deep_field", "text", "colorwheel"):
        hashes_as_the_reference(resized(photograph(name), *size))


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_drawings_of_every_size(size: tuple[int, int]) -> None:
    rng = np.random.default_rng(size)
    for draw in DRAWERS.values():
        pixels = draw(*size, rng)
        hashes_as_the_reference(pixels)
        hashes_as_the_reference(pixels[:, :, 1])


@pytest.mark.parametrize("name", PHOTOGRAPHS + DRAWN)
def test_photographs_as_they_are(name: str) -> None:
    pixels = photograph(name)
    hashes_as_the_reference(pixels)
    if pixels.ndim == 3:
        hashes_as_the_reference(pixels[:, :, 0])


def test_edited_photographs(shared_data: Path) -> None:
    files = [f for f in sorted((shared_data / "pdq").rglob("*")) if f.suffix in Image.registered_extensions()]
    assert files
    for file in files:
        with Image.open(file) as image:
            hashes_as_the_reference(np.asarray(image.convert("RGB")))


@pytest.mark.parametrize("name", ["coffee", "page"])
def test_twelve_megapixels(name: str) -> None:
    hashes_as_the_reference(resized(photograph(name), 4000, 3000))


def test_sixty_four_pixels_square_are_taken_as_they_are() -> None:
    for name in PHOTOGRAPHS + DRAWN:
        hashes_as_the_reference(resized(photograph(name), 64, 64))


@settings(max_examples=120, deadline=None)
@given(
    width=st.integers(5, 600),
    height=st.integers(5, 600),
    drawer=st.sampled_from(sorted(DRAWERS)),
    seed=st.integers(0, 2**32 - 1),
    grey=st.booleans(),
)
def test_any_picture(width: int, height: int, drawer: str, seed: int, grey: bool) -> None:
    pixels = DRAWERS[drawer](width, height, np.random.default_rng(seed))
    hashes_as_the_reference(pixels[:, :, 1] if grey else pixels)


def test_luma_of_every_colour_rounds_as_the_reference() -> None:
    """Our luma is an integer divided once; the reference's is a sum in double. All 2^24 colours agree."""
    red, green = np.meshgrid(np.arange(256.0), np.arange(256.0))
    for blue in range(256):
        reference = ((red * 0.299 + green * 0.587) + blue * 0.114).astype(np.float32)
        ours = (299 * red + 587 * green + 114 * blue).astype(np.float32) / np.float32(1000)
        assert np.array_equal(ours, reference), blue


@pytest.mark.parametrize("size", [(1, 1), (4, 4), (4, 480), (640, 4), (64, 1)], ids=str)
def test_a_side_below_five_pixels_has_no_hash(size: tuple[int, int]) -> None:
    width, height = size
    pixels = np.full((height, width, 3), 200, np.uint8)
    assert _pdq.hash(pixels, width, height, 3) == ((bytes(32),) * 8, 0, True)
